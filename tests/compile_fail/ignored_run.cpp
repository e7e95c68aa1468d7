// A run whose result nobody looks at.
// expected-error: ignoring return(ed)? value .*nodiscard
#include "ddim/sampler.hpp"

void sample(ddim::sampler& sampler, ddim::span<float> x) {
#ifdef MISUSE
    sampler.run(x, 42);
#else
    (void)sampler.run(x, 42);
#endif
}
