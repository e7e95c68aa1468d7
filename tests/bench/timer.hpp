// How long a piece of work takes: repeated for a given time, best and median.
#ifndef DDIM_TESTS_BENCH_TIMER_HPP
#define DDIM_TESTS_BENCH_TIMER_HPP

#include <algorithm>
#include <chrono>
#include <vector>

namespace bench {

/// Nanoseconds of one call.
struct timing {
    double best = 0.0;
    double median = 0.0;
};

/// After it the compiler must assume that all memory was read and written.
inline void keep_memory() noexcept { asm volatile("" : : : "memory"); }

template <class Work>
double nanoseconds_of(int calls, Work& work) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < calls; ++i) {
        work();
        keep_memory();
    }
    return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count();
}

/// Repeats work() for about `budget` nanoseconds, and at least five times.
template <class Work>
timing measure(double budget, Work&& work) {
    constexpr double shortest_sample = 50e3; // reading the clock, some 50 ns, is then 0.1 %
    int calls = 1;
    while (nanoseconds_of(calls, work) < shortest_sample) calls *= 2; // warms up, too
    std::vector<double> samples;
    for (double spent = 0.0; spent < budget || samples.size() < 5;) {
        samples.push_back(nanoseconds_of(calls, work) / calls);
        spent += samples.back() * calls;
    }
    std::sort(samples.begin(), samples.end());
    return {samples.front(), samples[samples.size() / 2]};
}

} // namespace bench

#endif
