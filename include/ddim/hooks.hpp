// Ready hooks, for data in the host's memory.
#ifndef DDIM_HOOKS_HPP
#define DDIM_HOOKS_HPP

#include "ddim/model.hpp"
#include "ddim/span.hpp"

namespace ddim {

/// Vectors of a vector-quantised autoencoder.
struct codebook {
    span<const float> entries; ///< [count, channels]
    std::int64_t channels = 0; ///< of an entry and of a sample
};

/// An x0 hook (the reference's quantize_denoised): each position's vector of channels becomes the nearest entry of
/// the codebook, the first of equals. Samples are [channels, positions]. `context` is a codebook. Returns 0; 1 for an
/// empty codebook, or one whose channels do not divide the sample.
int quantize_to_codebook(void* context, const hook_call& call) noexcept;

/// A score corrector: output += weight x. `context` is the weight, a float. Returns 0.
int add_scaled_state(void* context, const hook_call& call) noexcept;

} // namespace ddim

#endif
