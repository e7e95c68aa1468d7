// Blocks of the noise stream on a CPU.
#ifndef DDIM_PLATFORM_HOST_NOISE_HPP
#define DDIM_PLATFORM_HOST_NOISE_HPP

#include <cstdint>

#include "ddim/random.hpp"

namespace ddim::detail {

/// Elements of a block: the backend's loops work block by block, each stage within the first-level cache.
inline constexpr int block_elements = 256;

/// The place of a block in the noise stream.
struct block_place {
    std::uint64_t seed;
    std::int64_t first; ///< element; a multiple of 4
    std::uint32_t sample;
    std::uint32_t step;
    noise_purpose purpose;
};

/// The normals of elements first .. first + count - 1 of one sample, count <= block_elements. What follows them to
/// the next multiple of 4 is written too.
void fill_normal_block(const block_place& place, int count, float (&normals)[block_elements]) noexcept;

/// The random words of the same elements: element e has component e % 4 of its group's Philox block.
void fill_word_block(const block_place& place, int count, std::uint32_t (&words)[block_elements]) noexcept;

} // namespace ddim::detail

#endif
