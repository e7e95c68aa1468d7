// The golden model and hooks on a GPU: the host's formulas, one kernel each, enqueued on the run's stream. Each call
// returns a cudaError_t.
#ifndef DDIM_TESTS_SUPPORT_GOLDEN_KERNELS_HPP
#define DDIM_TESTS_SUPPORT_GOLDEN_KERNELS_HPP

#include "ddim/model.hpp"
#include "support/analytic_model.hpp"

namespace golden {

/// The model, with its means copied to device memory; `call` with a pointer to it is a model_ref.
struct cuda_analytic_model {
    const analytic_model& on_host;
    const float* conditional_means;
    const float* unconditional_means;

    static int call(void* context, const ddim::model_call& call) noexcept;
};

/// ddim::add_scaled_state's twin. `context` is the weight, a float in host memory.
int cuda_add_scaled_state(void* context, const ddim::hook_call& call) noexcept;

/// round_to_eighths' twin. It has no context.
int cuda_round_to_eighths(void* context, const ddim::hook_call& call) noexcept;

/// shrink_state's twin. It has no context.
int cuda_shrink_state(void* context, const ddim::hook_call& call) noexcept;

} // namespace golden

#endif
