// The models of a run on a GPU.
#ifndef TRACE_CUDA_MODELS_HPP
#define TRACE_CUDA_MODELS_HPP

#include "ddim/model.hpp"
#include "support/golden_kernels.hpp"
#include "trace/options.hpp"

namespace trace {

/// The model of that kind: the formulas of models.hpp, one kernel each, which a call enqueues on the run's stream. It
/// returns a cudaError_t. `analytic` is the context where it is that one, and must live as long.
ddim::model_ref cuda_model(model_kind kind, golden::cuda_analytic_model& analytic) noexcept;

} // namespace trace

#endif
