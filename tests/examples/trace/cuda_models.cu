#include "trace/cuda_models.hpp"

#include <cuda_runtime_api.h>

#include "trace/models.hpp"

namespace trace {

namespace {

/// A thread for each value; the limit of --shape keeps their number within a grid's.
constexpr int threads = 256;

template <float (*Output)(float, float) noexcept>
__global__ void elementwise_kernel(const float* input, const float* timestep, std::int64_t count, float* output) {
    const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * threads + threadIdx.x;
    if (i < count) output[i] = Output(input[i], time_share(*timestep));
}

template <float (*Output)(float, float) noexcept>
int call_elementwise(void*, const ddim::model_call& call) noexcept {
    const std::int64_t count = call.rows * call.elements;
    const unsigned blocks = static_cast<unsigned>((count + threads - 1) / threads);
    elementwise_kernel<Output><<<blocks, threads, 0, static_cast<cudaStream_t>(call.stream)>>>(
        static_cast<const float*>(call.input), call.row_timesteps, count, static_cast<float*>(call.output));
    return cudaPeekAtLastError();
}

} // namespace

ddim::model_ref cuda_model(model_kind kind, golden::cuda_analytic_model& analytic) noexcept {
    switch (kind) {
    case model_kind::rational: return {&call_elementwise<rational_output>, nullptr};
    case model_kind::linear: return {&call_elementwise<linear_output>, nullptr};
    case model_kind::analytic: break;
    }
    return {&golden::cuda_analytic_model::call, &analytic};
}

} // namespace trace
