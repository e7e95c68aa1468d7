// A run writes x: it takes no container that is const.
// expected-error: no (known |viable )?conversion|could not convert|cannot convert
#include <vector>

#include "ddim/host.hpp"

ddim::status run(ddim::sampler& sampler, std::vector<float>& x) {
#ifdef MISUSE
    const std::vector<float>& given = x;
#else
    std::vector<float>& given = x;
#endif
    return sampler.run(given, 1);
}
