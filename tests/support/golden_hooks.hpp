// The hooks of the golden cases: --quantize of ddim_trace. (Their score corrector is ddim::add_scaled_state.) And a
// state hook, which no golden case has.
#ifndef DDIM_TESTS_SUPPORT_GOLDEN_HOOKS_HPP
#define DDIM_TESTS_SUPPORT_GOLDEN_HOOKS_HPP

#include "ddim/config.h"
#include "ddim/model.hpp"

namespace golden {

/// To the nearest eighth, ties to the even one.
DDIM_SHARED float rounded_to_eighth(float x0) noexcept { return __builtin_rintf(x0 * 8.0f) / 8.0f; }

/// An x0 hook: every entry to the nearest eighth. It has no context.
int round_to_eighths(void* context, const ddim::hook_call& call) noexcept;

/// 0.75 x + 0.125, clamped to [-2, 2]. A NaN passes through.
DDIM_SHARED float shrunk_state(float x) noexcept {
    const float shrunk = 0.75f * x + 0.125f;
    const float capped = shrunk > 2.0f ? 2.0f : shrunk;
    return capped < -2.0f ? -2.0f : capped;
}

/// A state hook: every entry becomes shrunk_state() of it. It has no context.
int shrink_state(void* context, const ddim::hook_call& call) noexcept;

} // namespace golden

#endif
