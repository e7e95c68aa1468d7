// Whether there is a GPU to test on.
#ifndef DDIM_TESTS_SUPPORT_GPU_HPP
#define DDIM_TESTS_SUPPORT_GPU_HPP

#include <cuda_runtime_api.h>
#include <doctest/doctest.h>

namespace test_support {

/// False, after the line by which CTest knows a skipped test, where there is no GPU or no driver of its; any other
/// trouble is for the test to run into.
inline bool has_gpu() {
    int count = 0;
    const cudaError_t code = cudaGetDeviceCount(&count);
    if (code != cudaErrorNoDevice && code != cudaErrorInsufficientDriver) return true;
    MESSAGE("SKIPPED: no GPU");
    return false;
}

} // namespace test_support

#endif
