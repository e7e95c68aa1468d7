// Formulas in a network's place, simple enough to be written again in any language.
#ifndef TRACE_MODELS_HPP
#define TRACE_MODELS_HPP

#include "ddim/config.h"
#include "ddim/model.hpp"
#include "support/analytic_model.hpp"
#include "trace/options.hpp"

namespace trace {

// Each float32 operation rounded once, in the order written; m is the model's input. For host and device.

DDIM_SHARED float time_share(float timestep) noexcept { return timestep / (timestep + 1.0f); }

DDIM_SHARED float rational_output(float m, float share) noexcept {
    return m / (1.0f + __builtin_fabsf(m)) * share + 0.1f;
}

DDIM_SHARED float linear_output(float m, float share) noexcept { return m * share; }

/// The model of that kind on the host. `analytic` is its context where it is that one, and must live as long.
ddim::model_ref host_model(model_kind kind, golden::analytic_model& analytic) noexcept;

} // namespace trace

#endif
