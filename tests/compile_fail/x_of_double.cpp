// A state that is not float32.
// expected-error: (cannot convert|no viable conversion from) .*\[16\].* to .(ddim::)?span<float>
#include "ddim/sampler.hpp"

#ifdef MISUSE
double x[16];
#else
float x[16];
#endif

ddim::status sample(ddim::sampler& sampler) { return sampler.run(x, 42); }
