#include "bench/tensor_ops.hpp"

#include <cstring>

// An operation of a tensor library knows nothing of the next.
#define DDIM_BENCH_OPERATION __attribute__((noinline)) void

namespace bench {

namespace {

DDIM_BENCH_OPERATION add(const float* a, const float* b, float* __restrict out, std::size_t size) noexcept {
    for (std::size_t i = 0; i < size; ++i) out[i] = a[i] + b[i];
}

DDIM_BENCH_OPERATION subtract(const float* a, const float* b, float* __restrict out, std::size_t size) noexcept {
    for (std::size_t i = 0; i < size; ++i) out[i] = a[i] - b[i];
}

DDIM_BENCH_OPERATION multiply(const float* a, float scalar, float* __restrict out, std::size_t size) noexcept {
    for (std::size_t i = 0; i < size; ++i) out[i] = a[i] * scalar;
}

DDIM_BENCH_OPERATION divide(const float* a, float scalar, float* __restrict out, std::size_t size) noexcept {
    for (std::size_t i = 0; i < size; ++i) out[i] = a[i] / scalar;
}

} // namespace

void op_by_op_step(const step_scalars& scalars, const step_arrays& arrays) noexcept {
    const std::size_t size = arrays.size;
    float* const a = arrays.temporaries[0];
    float* const b = arrays.temporaries[1];
    float* const epsilon = arrays.temporaries[2];
    subtract(arrays.conditional, arrays.unconditional, a, size);
    multiply(a, scalars.guidance_scale, b, size);
    add(arrays.unconditional, b, epsilon, size);
    multiply(epsilon, scalars.sqrt_one_minus_a, a, size);
    subtract(arrays.x, a, b, size);
    divide(b, scalars.sqrt_a, a, size); // the predicted x0
    multiply(epsilon, scalars.direction, b, size);
    multiply(a, scalars.sqrt_a_prev, epsilon, size);
    add(epsilon, b, arrays.x, size);
    for (float* input : arrays.inputs) std::memcpy(input, arrays.x, size * sizeof(float));
}

} // namespace bench
