// What the hooks of a run do. The score corrector of --corrector is the library's own, ddim::add_scaled_state.
#ifndef TRACE_HOOKS_HPP
#define TRACE_HOOKS_HPP

#include "ddim/config.h"
#include "ddim/model.hpp"

namespace trace {

/// To the nearest eighth, ties to the even one. For host and device.
DDIM_HOST_DEVICE inline float nearest_eighth(float x0) noexcept { return __builtin_rintf(x0 * 8.0f) / 8.0f; }

/// The x0 hook of --quantize on the host. It has no context.
int round_to_eighths(void* context, const ddim::hook_call& call) noexcept;

} // namespace trace

#endif
