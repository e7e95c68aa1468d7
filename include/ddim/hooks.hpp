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

/// Dynamic thresholding (Saharia et al. 2022).
struct dynamic_thresholding {
    float ratio = 0.995f;          ///< [0, 1] which quantile
    float sample_max_value = 1.0f; ///< a float above 0; 1: clips to [-1, 1] and nothing else
};

/// An x0 hook (diffusers' _threshold_sample): in each sample s is the quantile of |x0|, linear between neighbours, at
/// least 1 and at most sample_max_value; x0 is clipped to [-s, s] and divided by s. The plan's own clip should be
/// off. Six passes over x0, no memory beside it. NaN stays where it is, and counts as more than infinity. `context`
/// is a dynamic_thresholding. Returns 0; 1 where its values are out of range. cuda_threshold_x0() is its twin.
int threshold_x0(void* context, const hook_call& call) noexcept;

/// A score corrector (Lin et al. 2023; diffusers' rescale_noise_cfg): in each sample the output o after guidance
/// becomes phi o std(c) / std(o) + (1 - phi) o, c the conditional output and std its standard deviation. Where there
/// is no guidance, or one of the two is 0, o is left alone. `context` is phi, a float, 0 .. 1; 0.7 is usual. Returns
/// 0; 1 where phi is out of range. cuda_rescale_guidance() is its twin, to the bit.
int rescale_guidance(void* context, const hook_call& call) noexcept;

} // namespace ddim

#endif
