// The checks behind sampler::init and sampler::begin: what the run then trusts.
#ifndef DDIM_LIB_VALIDATE_HPP
#define DDIM_LIB_VALIDATE_HPP

#include "ddim/sampler.hpp"

namespace ddim::detail {

/// Whether a plan can be run with what else a config says.
status check_plan(const plan_view& plan, const sampler_config& config) noexcept;

/// The buffers that a run of such a plan reads.
status check_lent(const plan_view& plan, const sampler_config& config) noexcept;

/// Everything that init checks. Where it is ok, `layout` is that of the config's arena.
status check_config(const sampler_config& config, arena_layout& layout) noexcept;

/// Whether this guidance scale gives another output than the conditional one.
DDIM_INLINE bool changes_output(float scale) noexcept { return scale < 1.0f || scale > 1.0f; }

/// One guidance scale for all steps.
status check_guidance_scale(float scale, guidance mode) noexcept;

/// A list of guidance scales for the steps of a config.
status check_guidance_scales(span<const float> scales, const sampler_config& config) noexcept;

/// The noise of one step that is lent in the course of a run on x.
status check_step_noise(span<const float> noise, span<float> x, const sampler_config& config) noexcept;

/// The caller's x against a valid config.
status check_state(span<float> x, const sampler_config& config) noexcept;

} // namespace ddim::detail

#endif
