// A model that may throw.
// expected-error: invalid conversion .* to .ddim::model_fn|model_fn. .*different exception specifications
#include "ddim/model.hpp"

#ifdef MISUSE
int denoise(void* context, const ddim::model_call& call);
#else
int denoise(void* context, const ddim::model_call& call) noexcept;
#endif

constexpr ddim::model_ref model{denoise, nullptr};
