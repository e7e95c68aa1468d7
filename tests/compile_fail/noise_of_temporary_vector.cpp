// A config keeps a view of the noise: a vector that is gone at the end of the line is no noise.
// expected-error: no (match|viable overloaded).*=
#include <vector>

#include "ddim/host.hpp"

std::vector<float> draw();

void configure(ddim::sampler_config& config) {
#ifdef MISUSE
    config.initial_noise = draw();
#else
    static const std::vector<float> noise = draw();
    config.initial_noise = noise;
#endif
}
