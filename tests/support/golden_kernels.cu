#include "support/golden_kernels.hpp"

#include <cuda_runtime_api.h>

#include "support/golden_hooks.hpp"

namespace golden {

namespace {

/// A thread for each value.
constexpr int threads = 256;
unsigned blocks_of(std::int64_t count) { return static_cast<unsigned>((count + threads - 1) / threads); }
__device__ std::int64_t this_value() { return static_cast<std::int64_t>(blockIdx.x) * threads + threadIdx.x; }

__global__ void analytic_kernel(analytic_job job, std::int64_t count, float* output) {
    const std::int64_t i = this_value();
    if (i < count) output[i] = analytic_epsilon_at(job, i);
}

__global__ void add_scaled_kernel(float weight, const float* x, std::int64_t count, float* values) {
    const std::int64_t i = this_value();
    if (i < count) values[i] += weight * x[i];
}

__global__ void round_kernel(std::int64_t count, float* values) {
    const std::int64_t i = this_value();
    if (i < count) values[i] = rounded_to_eighth(values[i]);
}

__global__ void shrink_kernel(std::int64_t count, float* values) {
    const std::int64_t i = this_value();
    if (i < count) values[i] = shrunk_state(values[i]);
}

} // namespace

int cuda_analytic_model::call(void* context, const ddim::model_call& call) noexcept {
    const cuda_analytic_model& model = *static_cast<const cuda_analytic_model*>(context);
    analytic_job job = model.on_host.job_of(call);
    job.conditional_means = model.conditional_means;
    job.unconditional_means = model.unconditional_means;
    const std::int64_t count = call.rows * call.elements;
    analytic_kernel<<<blocks_of(count), threads, 0, static_cast<cudaStream_t>(call.stream)>>>(
        job, count, static_cast<float*>(call.output));
    return cudaPeekAtLastError();
}

int cuda_add_scaled_state(void* context, const ddim::hook_call& call) noexcept {
    const std::int64_t count = call.batch * call.elements;
    add_scaled_kernel<<<blocks_of(count), threads, 0, static_cast<cudaStream_t>(call.stream)>>>(
        *static_cast<const float*>(context), call.x, count, call.values);
    return cudaPeekAtLastError();
}

int cuda_round_to_eighths(void*, const ddim::hook_call& call) noexcept {
    const std::int64_t count = call.batch * call.elements;
    round_kernel<<<blocks_of(count), threads, 0, static_cast<cudaStream_t>(call.stream)>>>(count, call.values);
    return cudaPeekAtLastError();
}

int cuda_shrink_state(void*, const ddim::hook_call& call) noexcept {
    const std::int64_t count = call.batch * call.elements;
    shrink_kernel<<<blocks_of(count), threads, 0, static_cast<cudaStream_t>(call.stream)>>>(count, call.values);
    return cudaPeekAtLastError();
}

} // namespace golden
