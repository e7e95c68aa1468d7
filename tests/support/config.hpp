// The usual schedule and plans, and a config of them in one line, which a test then changes; run.hpp gives it an
// arena and the host's backend. And the options that sweeps go through.
#ifndef DDIM_TESTS_SUPPORT_CONFIG_HPP
#define DDIM_TESTS_SUPPORT_CONFIG_HPP

#include <limits>

#include "ddim/sampler.hpp"
#include "ddim/solvers.hpp"

namespace test_support {

inline constexpr ddim::guidance modes[] = {ddim::guidance::none, ddim::guidance::batched, ddim::guidance::sequential};
inline constexpr ddim::element_type types[] = {ddim::element_type::float32, ddim::element_type::float16,
                                               ddim::element_type::bfloat16};

inline constexpr float infinity = std::numeric_limits<float>::infinity();
inline constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

/// A value for formulas in double.
constexpr double wide(float value) { return static_cast<double>(value); }

/// Stable Diffusion's.
inline constexpr auto schedule = ddim::scaled_linear_schedule<1000>(0.00085, 0.012);

template <int Steps>
inline constexpr auto trailing_list = ddim::spaced_timesteps<Steps>(ddim::spacing::trailing, 1000);
template <int Steps>
inline constexpr ddim::levels trailing_levels = ddim::schedule_levels(schedule, trailing_list<Steps>);

// DDIM's plans without noise and with it, and that of a flow.
template <int Steps>
inline constexpr auto quiet_plan = ddim::ddim_plan<Steps>(trailing_levels<Steps>);
template <int Steps>
inline constexpr auto noisy_plan = ddim::ddim_plan<Steps>(trailing_levels<Steps>, {1.0});
template <int Steps>
inline constexpr auto flow_plan = ddim::ddim_plan<Steps>(ddim::flow_levels(Steps), {0.0, ddim::prediction::flow});
/// DPM-Solver++ 2M's: one slot of history.
template <int Steps>
inline constexpr auto multistep_plan = ddim::dpm_solver_plan<Steps>(trailing_levels<Steps>);

/// Guided by a scale of 2 where the mode is guided.
inline ddim::sampler_config make_config(ddim::plan_view plan, ddim::shape dims, ddim::model_ref model = {},
                                        ddim::guidance mode = ddim::guidance::none,
                                        ddim::element_type type = ddim::element_type::float32) {
    ddim::sampler_config config;
    config.plan = plan;
    config.dims = dims;
    config.model = model;
    config.mode = mode;
    if (mode != ddim::guidance::none) config.guidance_scale = 2.0f;
    config.model_type = type;
    return config;
}

/// Where it is guided at all: elsewhere a scale is a mistake.
inline void guide(ddim::sampler_config& config, float scale) {
    if (config.mode != ddim::guidance::none) config.guidance_scale = scale;
}

/// An inpainting convention with its mask and x0.
inline ddim::inpainting known_by(ddim::inpainting convention, ddim::span<const float> mask,
                                 ddim::span<const float> x0) {
    convention.mask = mask;
    convention.x0 = x0;
    return convention;
}

} // namespace test_support

#endif
