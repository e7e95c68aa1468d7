// A set-up whose result nobody looks at.
// expected-error: ignoring return(ed)? value .*nodiscard
#include "ddim/sampler.hpp"

void set_up(ddim::sampler& sampler, const ddim::sampler_config& config) {
#ifdef MISUSE
    sampler.init(config);
#else
    (void)sampler.init(config);
#endif
}
