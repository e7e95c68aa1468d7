#include "trace/models.hpp"

namespace trace {

namespace {

/// A model that looks at one value of its input at a time.
template <float (*Output)(float, float) noexcept>
int call_elementwise(void*, const ddim::model_call& call) noexcept {
    const float share = time_share(call.timestep);
    const float* input = static_cast<const float*>(call.input);
    float* output = static_cast<float*>(call.output);
    for (std::int64_t i = 0; i < call.rows * call.elements; ++i) output[i] = Output(input[i], share);
    return 0;
}

} // namespace

ddim::model_ref host_model(model_kind kind, golden::analytic_model& analytic) noexcept {
    switch (kind) {
    case model_kind::rational: return {&call_elementwise<rational_output>, nullptr};
    case model_kind::linear: return {&call_elementwise<linear_output>, nullptr};
    case model_kind::analytic: break;
    }
    return {&golden::analytic_model::call, &analytic};
}

} // namespace trace
