// How long work takes on a stream: repeated for a given time between two events, best and median.
#ifndef DDIM_TESTS_BENCH_DEVICE_TIMER_HPP
#define DDIM_TESTS_BENCH_DEVICE_TIMER_HPP

#include <algorithm>
#include <vector>

#include "bench/device.hpp"
#include "bench/timer.hpp"

namespace bench {

/// A graph of what `enqueue()` submits to the stream, `repeats` times.
class replayed_work {
  public:
    template <class Enqueue>
    replayed_work(cudaStream_t stream, int repeats, Enqueue&& enqueue) : stream_(stream) {
        cudaGraph_t nodes = nullptr;
        check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal), "cudaStreamBeginCapture");
        for (int i = 0; i < repeats; ++i) enqueue();
        check(cudaStreamEndCapture(stream, &nodes), "cudaStreamEndCapture");
        check(cudaGraphInstantiateWithFlags(&exec_, nodes, 0), "cudaGraphInstantiate");
        check(cudaGraphDestroy(nodes), "cudaGraphDestroy");
    }
    replayed_work(const replayed_work&) = delete;
    replayed_work& operator=(const replayed_work&) = delete;
    ~replayed_work() { (void)cudaGraphExecDestroy(exec_); }

    void operator()() const { check(cudaGraphLaunch(exec_, stream_), "cudaGraphLaunch"); }

  private:
    cudaStream_t stream_;
    cudaGraphExec_t exec_ = nullptr;
};

class device_timer {
  public:
    explicit device_timer(double budget) : budget_(budget) {
        check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreate");
        check(cudaEventCreate(&start_), "cudaEventCreate");
        check(cudaEventCreate(&end_), "cudaEventCreate");
    }
    device_timer(const device_timer&) = delete;
    device_timer& operator=(const device_timer&) = delete;
    ~device_timer() {
        (void)cudaEventDestroy(start_);
        (void)cudaEventDestroy(end_);
        (void)cudaStreamDestroy(stream_);
    }

    cudaStream_t stream() const { return stream_; }

    /// Nanoseconds of one call of enqueue(), which submits work to the stream. The calls follow each other without a
    /// wait, so where the device is faster than the submitting, submitting is what is measured.
    template <class Enqueue>
    timing measure(Enqueue&& enqueue) const {
        constexpr double shortest_sample = 500e3; // an event is good to 0.5 us, 0.1 % of it
        constexpr int most_calls = 4096;
        int calls = 1;
        while (nanoseconds_of(calls, enqueue) < shortest_sample && calls < most_calls) calls *= 2; // warms up, too
        std::vector<double> samples;
        for (double spent = 0.0; samples.size() < 5 || (spent < budget_ && samples.size() < 1000);) {
            samples.push_back(nanoseconds_of(calls, enqueue) / calls);
            spent += samples.back() * calls;
        }
        std::sort(samples.begin(), samples.end());
        return {samples.front(), samples[samples.size() / 2]};
    }

    /// The same for work on the device alone: calls submitted as nodes of a graph.
    template <class Enqueue>
    timing measure_replayed(Enqueue&& enqueue) const {
        constexpr int repeats = 20;
        const timing all = measure(replayed_work(stream_, repeats, enqueue));
        return {all.best / repeats, all.median / repeats};
    }

  private:
    template <class Enqueue>
    double nanoseconds_of(int calls, Enqueue&& enqueue) const {
        float milliseconds = 0.0f;
        check(cudaEventRecord(start_, stream_), "cudaEventRecord");
        for (int i = 0; i < calls; ++i) enqueue();
        check(cudaEventRecord(end_, stream_), "cudaEventRecord");
        check(cudaEventSynchronize(end_), "cudaEventSynchronize");
        check(cudaEventElapsedTime(&milliseconds, start_, end_), "cudaEventElapsedTime");
        return static_cast<double>(milliseconds) * 1e6;
    }

    double budget_;
    cudaStream_t stream_ = nullptr;
    cudaEvent_t start_ = nullptr;
    cudaEvent_t end_ = nullptr;
};

} // namespace bench

#endif
