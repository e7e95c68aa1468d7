#include "test_kernels.hpp"

#include <cuda_runtime_api.h>

#include "support/analytic_model.hpp"

namespace device_tests {

namespace {

constexpr int block = 256;

__device__ std::int64_t flat_index() { return static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; }

__global__ void test_model_kernel(test_support::model_job job) {
    const std::int64_t i = flat_index();
    if (i < job.rows * job.elements) test_support::predict_at(job, i);
}

__global__ void analytic_kernel(analytic_means means, const float* x, const float* row_timesteps, float* epsilon,
                                ddim::branch which, std::int64_t rows, std::int64_t elements) {
    const std::int64_t i = flat_index();
    if (i >= rows * elements) return;
    const std::int64_t row = i / elements;
    const bool is_conditional =
        which == ddim::branch::conditional || (which == ddim::branch::both && row >= means.batch);
    const float mean = (is_conditional ? means.conditional : means.unconditional)[row % means.batch];
    const std::int64_t column = i % elements % means.width;
    const float right = x[i - column + (column + 1) % means.width];
    epsilon[i] = golden::analytic_epsilon(x[i], right, mean, row_timesteps[row] * means.one_over_train_steps);
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

int enqueue_analytic_model(const analytic_means& means, const ddim::model_call& call) noexcept {
    return enqueue(&analytic_kernel, call.stream, call.rows * call.elements, means,
                   static_cast<const float*>(call.input), call.row_timesteps, static_cast<float*>(call.output),
                   call.which, call.rows, call.elements);
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
