// The hooks of the golden cases: --quantize of ddim_trace. (Their score corrector is ddim::add_scaled_state.)
#ifndef DDIM_TESTS_SUPPORT_GOLDEN_HOOKS_HPP
#define DDIM_TESTS_SUPPORT_GOLDEN_HOOKS_HPP

#include "ddim/config.h"
#include "ddim/model.hpp"

namespace golden {

/// To the nearest eighth, ties to the even one.
DDIM_HOST_DEVICE inline float rounded_to_eighth(float x0) noexcept { return __builtin_rintf(x0 * 8.0f) / 8.0f; }

/// An x0 hook: every entry to the nearest eighth. It has no context.
int round_to_eighths(void* context, const ddim::hook_call& call) noexcept;

} // namespace golden

#endif
