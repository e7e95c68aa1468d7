// The checks behind sampler::init and sampler::begin: what the run then trusts.
#ifndef DDIM_LIB_VALIDATE_HPP
#define DDIM_LIB_VALIDATE_HPP

#include "ddim/sampler.hpp"

namespace ddim::detail {

/// Everything that init checks.
status check_config(const sampler_config& config) noexcept;

/// The caller's x against a valid config.
status check_state(span<float> x, const sampler_config& config) noexcept;

} // namespace ddim::detail

#endif
