// What the tests' sweeps go through.
#ifndef DDIM_TESTS_SUPPORT_SWEEP_HPP
#define DDIM_TESTS_SUPPORT_SWEEP_HPP

#include <limits>

#include "ddim/sampler.hpp"

namespace test_support {

inline constexpr ddim::guidance modes[] = {ddim::guidance::none, ddim::guidance::batched, ddim::guidance::sequential};
inline constexpr ddim::element_type types[] = {ddim::element_type::float32, ddim::element_type::float16,
                                               ddim::element_type::bfloat16};

inline constexpr float infinity = std::numeric_limits<float>::infinity();
inline constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

/// A value for formulas in double.
constexpr double wide(float value) { return static_cast<double>(value); }

/// One config of a sweep, guided by a scale of 2 where its mode is guided. Without a model.
inline ddim::sampler_config sweep_config(ddim::plan_view plan, ddim::shape dims, ddim::guidance mode,
                                         ddim::element_type type) {
    ddim::sampler_config config;
    config.plan = plan;
    config.dims = dims;
    config.mode = mode;
    config.guidance_scale = 2.0f;
    config.model_type = type;
    return config;
}

} // namespace test_support

#endif
