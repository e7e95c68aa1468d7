// The noise stream as the C library computes it: the same bits, Box and Muller's formula with logf, cosf and sinf.
#ifndef DDIM_TESTS_BENCH_LIBM_NOISE_HPP
#define DDIM_TESTS_BENCH_LIBM_NOISE_HPP

#include <cstddef>
#include <cstdint>

namespace bench {

/// The initial noise of sample 0, `count` (a multiple of 4) elements.
void fill_libm_normals(std::uint64_t seed, float* normals, std::size_t count) noexcept;

} // namespace bench

#endif
