// The CUDA device of a benchmark: its memory and its name. Whatever fails ends the program.
#ifndef DDIM_TESTS_BENCH_DEVICE_HPP
#define DDIM_TESTS_BENCH_DEVICE_HPP

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

namespace bench {

inline void check(int code, const char* what) {
    if (code == 0) return;
    std::fprintf(stderr, "%s: %s\n", what, cudaGetErrorString(static_cast<cudaError_t>(code)));
    std::exit(1);
}

inline bool has_device() {
    int count = 0;
    return cudaGetDeviceCount(&count) == cudaSuccess && count > 0;
}

/// Device memory; all bytes are 0x3C, which is a small number in each of the model's types.
class device_memory {
  public:
    explicit device_memory(std::size_t bytes) {
        void* data = nullptr;
        check(cudaMalloc(&data, bytes), "cudaMalloc");
        check(cudaMemset(data, 0x3C, bytes), "cudaMemset");
        check(cudaDeviceSynchronize(), "cudaMemset");
        data_ = static_cast<std::byte*>(data);
    }
    device_memory(const device_memory&) = delete;
    device_memory& operator=(const device_memory&) = delete;
    ~device_memory() { (void)cudaFree(data_); }

    std::byte* at(std::size_t offset) const { return data_ + offset; }

  private:
    std::byte* data_ = nullptr;
};

/// The card, the driver, the toolkit. The lines belong below print_machine()'s.
inline void print_device() {
    cudaDeviceProp card;
    int device = 0, driver = 0, runtime = 0;
    check(cudaGetDevice(&device), "cudaGetDevice");
    check(cudaGetDeviceProperties(&card, device), "cudaGetDeviceProperties");
    check(cudaDriverGetVersion(&driver), "cudaDriverGetVersion");
    check(cudaRuntimeGetVersion(&runtime), "cudaRuntimeGetVersion");
    std::string driver_line = "unknown release";
    std::ifstream file("/proc/driver/nvidia/version");
    std::getline(file, driver_line);
    std::printf("card      %s, sm_%d%d, %d multiprocessors, %.1f MiB of L2\n", card.name, card.major, card.minor,
                card.multiProcessorCount, static_cast<double>(card.l2CacheSize) / 1048576.0);
    std::printf("driver    CUDA %d.%d; %s\n", driver / 1000, driver % 1000 / 10, driver_line.c_str());
    std::printf("toolkit   nvcc %s for %s, runtime %d.%d\n", DDIM_BENCH_NVCC, DDIM_BENCH_ARCHITECTURES,
                runtime / 1000, runtime % 1000 / 10);
}

} // namespace bench

#endif
