#include "test_kernels.hpp"

#include <cuda_runtime_api.h>

#include <cstdint>

namespace device_tests {

namespace {

constexpr int block = 256;

__device__ std::int64_t flat_index() { return static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; }

__global__ void test_model_kernel(test_support::model_job job) {
    const std::int64_t i = flat_index();
    if (i < job.rows * job.elements) test_support::predict_at(job, i);
}

__global__ void analytic_kernel(golden::analytic_job job, float* epsilon, std::int64_t count) {
    const std::int64_t i = flat_index();
    if (i < count) epsilon[i] = golden::analytic_epsilon_at(job, i);
}

__global__ void add_scaled_kernel(float* values, const float* x, float weight, std::int64_t count) {
    const std::int64_t i = flat_index();
    if (i < count) values[i] += weight * x[i];
}

__global__ void round_kernel(float* values, std::int64_t count) {
    const std::int64_t i = flat_index();
    if (i < count) values[i] = test_support::rounded_to_eighth(values[i]);
}

template <class... Parameters, class... Arguments>
int enqueue(void (*kernel)(Parameters...), void* stream, std::int64_t count, Arguments... arguments) {
    const unsigned blocks = static_cast<unsigned>((count + block - 1) / block);
    kernel<<<blocks, block, 0, static_cast<cudaStream_t>(stream)>>>(arguments...);
    return cudaPeekAtLastError();
}

} // namespace

int enqueue_test_model(const test_support::model_job& job, void* stream) noexcept {
    return enqueue(&test_model_kernel, stream, job.rows * job.elements, job);
}

int enqueue_analytic_model(const golden::analytic_job& job, const ddim::model_call& call) noexcept {
    const std::int64_t count = call.rows * call.elements;
    return enqueue(&analytic_kernel, call.stream, count, job, static_cast<float*>(call.output), count);
}

int add_scaled_state(void* context, const ddim::hook_call& call) noexcept {
    const float weight = *static_cast<const float*>(context);
    return enqueue(&add_scaled_kernel, call.stream, call.batch * call.elements, call.values, call.x, weight,
                   call.batch * call.elements);
}

int round_to_eighths(void*, const ddim::hook_call& call) noexcept {
    return enqueue(&round_kernel, call.stream, call.batch * call.elements, call.values, call.batch * call.elements);
}

} // namespace device_tests
