// The guided step as a tensor library does it: one pass over memory for each operation.
#ifndef DDIM_TESTS_BENCH_TENSOR_OPS_HPP
#define DDIM_TESTS_BENCH_TENSOR_OPS_HPP

#include <cstddef>

namespace bench {

/// The scalars of the reference's p_sample_ddim, without noise.
struct step_scalars {
    float guidance_scale;
    float sqrt_one_minus_a;
    float sqrt_a;
    float direction;
    float sqrt_a_prev;
};

/// Arrays of `size` elements. The temporaries are reused as a caching allocator would.
struct step_arrays {
    std::size_t size;
    float* x;
    const float* unconditional;
    const float* conditional;
    float* inputs[2];
    float* temporaries[3];
};

/// 9 operations and 2 copies: 104 bytes of memory traffic for each element.
void op_by_op_step(const step_scalars& scalars, const step_arrays& arrays) noexcept;

} // namespace bench

#endif
