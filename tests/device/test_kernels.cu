#include "test_kernels.hpp"

#include <cuda_runtime_api.h>

namespace device_tests {

namespace {

constexpr int threads = 256;

__global__ void test_model_kernel(test_support::model_job job) {
    const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * threads + threadIdx.x;
    if (i < job.rows * job.elements) test_support::predict_at(job, i);
}

} // namespace

int enqueue_test_model(const test_support::model_job& job, void* stream) noexcept {
    const unsigned blocks = static_cast<unsigned>((job.rows * job.elements + threads - 1) / threads);
    test_model_kernel<<<blocks, threads, 0, static_cast<cudaStream_t>(stream)>>>(job);
    return cudaPeekAtLastError();
}

} // namespace device_tests
