// The models and hooks of a run on a GPU: the formulas of models.hpp, hooks.hpp and support/analytic_model.hpp, one
// kernel each, enqueued on the run's stream. Each returns a cudaError_t.
#ifndef TRACE_CUDA_FORMULAS_HPP
#define TRACE_CUDA_FORMULAS_HPP

#include "ddim/model.hpp"
#include "support/analytic_model.hpp"
#include "trace/options.hpp"

namespace trace {

/// The golden model with its means in device memory.
struct cuda_analytic_model {
    const golden::analytic_model& on_host;
    const float* conditional_means;
    const float* unconditional_means;
};

/// The model of that kind. `analytic` is its context where it is that one, and must live as long.
ddim::model_ref cuda_model(model_kind kind, cuda_analytic_model& analytic) noexcept;

/// The score corrector of --corrector. `context` is the weight, a float in host memory.
int cuda_add_scaled_state(void* context, const ddim::hook_call& call) noexcept;

/// The x0 hook of --quantize. It has no context.
int cuda_round_to_eighths(void* context, const ddim::hook_call& call) noexcept;

} // namespace trace

#endif
