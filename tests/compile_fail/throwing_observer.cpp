// An observer that may throw.
// expected-error: invalid conversion .* to .ddim::observer_fn|observer_fn. .*different exception specifications
#include "ddim/model.hpp"

#ifdef MISUSE
int watch(void* context, const ddim::observation& seen);
#else
int watch(void* context, const ddim::observation& seen) noexcept;
#endif

constexpr ddim::observer_ref observer{watch, nullptr};
