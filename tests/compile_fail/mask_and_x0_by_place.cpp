// Mask and x0 are of one type: they are lent by name, so that nobody swaps them.
// expected-error: too many arguments
#include "ddim/host.hpp"

void configure(ddim::sampler_config& config, ddim::span<const float> mask, ddim::span<const float> x0) {
#ifdef MISUSE
    config.known = ddim::diffusers_inpainting(x0, mask);
#else
    config.known = ddim::diffusers_inpainting();
    config.known.mask = mask;
    config.known.x0 = x0;
#endif
}
