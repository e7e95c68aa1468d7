// What a benchmark's numbers belong to: the machine, the compiler, its flags and the command.
#ifndef DDIM_TESTS_BENCH_MACHINE_HPP
#define DDIM_TESTS_BENCH_MACHINE_HPP

#include <cstdio>
#include <fstream>
#include <string>

namespace bench {

/// The first "model name" of /proc/cpuinfo, where there is one.
inline std::string machine_name() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);)
        if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
    return "unknown";
}

inline void print_machine(int argument_count, char** arguments) {
#ifdef __clang__
    constexpr const char* compiler = __VERSION__;
#else
    constexpr const char* compiler = "g++ " __VERSION__;
#endif
    std::printf("machine   %s\n", machine_name().c_str());
    std::printf("compiler  %s\n", compiler);
    std::printf("flags     %s (%s; the library's loops: -O3)\n", DDIM_BENCH_FLAGS, DDIM_BENCH_BUILD_TYPE);
    std::printf("command  ");
    for (int i = 0; i < argument_count; ++i) std::printf(" %s", arguments[i]);
    std::printf("\n");
}

} // namespace bench

#endif
