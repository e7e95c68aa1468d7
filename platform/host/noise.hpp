// Blocks of the noise stream on a CPU.
#ifndef DDIM_PLATFORM_HOST_NOISE_HPP
#define DDIM_PLATFORM_HOST_NOISE_HPP

#include "block.hpp"
#include "ddim/backend.hpp"

namespace ddim::detail {

/// The normals of a block. What follows them to the next multiple of 16 is written too.
void draw_normals(const noise_source& source, const block& at, float (&normals)[block_elements]) noexcept;

/// The random words of the same elements, for dropout: element e has component e % 4 of its group's Philox block.
/// Repeated noise is dropped sample by sample, as the reference drops it.
void draw_words(const noise_source& source, const block& at, std::uint32_t (&words)[block_elements]) noexcept;

} // namespace ddim::detail

#endif
