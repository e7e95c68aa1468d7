// A lambda with a capture as the model: what the model needs goes through its context.
// expected-error: (could not convert|no viable conversion) .*lambda.* to .(ddim::model_ref|(ddim::)?model_fn)
#include "ddim/model.hpp"

ddim::model_ref model_with(int& code) {
#ifdef MISUSE
    return {[&code](void*, const ddim::model_call&) noexcept { return code; }, &code};
#else
    return {[](void* context, const ddim::model_call&) noexcept { return *static_cast<int*>(context); }, &code};
#endif
}
