// The start of a run whose result nobody looks at.
// expected-error: ignoring return(ed)? value .*nodiscard
#include "ddim/sampler.hpp"

void start(ddim::sampler& sampler, ddim::span<float> x) {
#ifdef MISUSE
    sampler.begin(x, 42);
#else
    (void)sampler.begin(x, 42);
#endif
}
