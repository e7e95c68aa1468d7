// A step whose result nobody looks at.
// expected-error: ignoring return(ed)? value .*nodiscard
#include "ddim/sampler.hpp"

void hand_back(ddim::sampler& sampler) {
#ifdef MISUSE
    sampler.commit();
#else
    (void)sampler.commit();
#endif
}
