// Blocks of the noise stream on a CPU.
#ifndef DDIM_PLATFORM_HOST_NOISE_HPP
#define DDIM_PLATFORM_HOST_NOISE_HPP

#include <cstdint>

#include "ddim/random.hpp"

namespace ddim::detail {

/// Elements of a block: the backend's loops work block by block, each stage within the first-level cache.
inline constexpr int block_elements = 256;

/// The normals of elements first .. first + block_elements - 1 of one sample (first a multiple of 4).
void fill_normal_block(std::uint64_t seed, std::int64_t first, std::uint32_t sample, std::uint32_t step,
                       noise_purpose purpose, float (&normals)[block_elements]) noexcept;

} // namespace ddim::detail

#endif
