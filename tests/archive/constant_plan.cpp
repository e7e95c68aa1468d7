// A program's use of the library, without the program: what a linker takes of the archive where every table is a
// constant.
#include "ddim/host.hpp"

static constexpr auto schedule = ddim::scaled_linear_schedule<1000>(0.00085, 0.012);
static constexpr auto plan = ddim::ddim_plan<50>(schedule, {});

extern "C" ddim::status sample_with_constant_plan(ddim::sampler& sampler, ddim::sampler_config& config,
                                                  ddim::span<float> x) {
    config.plan = plan;
    config.backend = ddim::host_backend();
    const ddim::status state = sampler.init(config);
    return state == ddim::status::ok ? sampler.run(x, 1) : state;
}
