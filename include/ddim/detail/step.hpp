// The arithmetic of a step, once, for host and device. Each operation is rounded once, in the order written:
// compile without contraction.
#ifndef DDIM_DETAIL_STEP_HPP
#define DDIM_DETAIL_STEP_HPP

#include "ddim/config.h"
#include "ddim/plan.hpp"

namespace ddim::detail {

/// Classifier-free guidance (Ho and Salimans 2022, in the form of the reference).
DDIM_SHARED float guided_output(float scale, float unconditional, float conditional) noexcept {
    return unconditional + scale * (conditional - unconditional);
}

/// x0 = clip(p_x x + p_o o). A NaN passes through.
DDIM_SHARED float predicted_x0(const step_row& row, float x, float output) noexcept {
    const float x0 = row.p_x * x + row.p_o * output;
    const float capped = x0 > row.clip ? row.clip : x0;
    return capped < -row.clip ? -row.clip : capped;
}

/// x0 pulled toward what an earlier run has made there (real-time chunking). Without weight that is not looked at.
DDIM_SHARED float pulled(float step_weight, float weight, float previous, float x0) noexcept {
    const float pull = step_weight * weight;
    return pull < 0.0f || pull > 0.0f ? x0 + pull * (previous - x0) : x0;
}

/// u_x x + u_o o + u_0 x0: the state without history and noise.
DDIM_SHARED float updated_state(const step_row& row, float x, float output, float x0) noexcept {
    return (row.u_x * x + row.u_o * output) + row.u_0 * x0;
}

/// The noise term's entry after dropout: kept and scaled up, or 0.
DDIM_SHARED float dropped_out(bool keeps, float kept_scale, float noise) noexcept {
    return keeps ? noise * kept_scale : 0.0f;
}

/// One more term of the state: u_h[s] of a slot's value, each slot in turn, then u_n of noise.
DDIM_SHARED float with_term(float state, float coefficient, float value) noexcept {
    return state + coefficient * value;
}

/// Part of the way from the state before a step to the one after it. A gain of 0 stays, one of 1 goes, exactly.
DDIM_SHARED float with_gain(float gain, float before, float after) noexcept {
    if (!(gain < 0.0f || gain > 0.0f)) return before;
    return gain < 1.0f || gain > 1.0f ? before + gain * (after - before) : after;
}

/// A clean sample noised to a level (the reference's q_sample).
DDIM_SHARED float noised(level to, float x0, float noise) noexcept { return to.alpha * x0 + to.sigma * noise; }

/// The known value where the mask keeps, the other where it does not, whatever the one not taken holds; in between a
/// mixture.
DDIM_SHARED float blended(float mask, bool mask_regenerates, float known, float value) noexcept {
    const float kept = mask_regenerates ? 1.0f - mask : mask;
    const float mixture = known * kept + (1.0f - kept) * value;
    const float either = kept >= 1.0f ? known : value;
    return kept > 0.0f && kept < 1.0f ? mixture : either;
}

} // namespace ddim::detail

#endif
