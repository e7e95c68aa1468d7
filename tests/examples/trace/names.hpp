// What the values of options are called: the reference's and diffusers' names.
#ifndef TRACE_NAMES_HPP
#define TRACE_NAMES_HPP

#include <cstring>

#include "trace/options.hpp"

namespace trace {

template <class Value>
struct named {
    const char* name;
    Value value;
};

/// The value of that name; false where there is none.
template <class Value, std::size_t Count, class Result>
bool find_value(const named<Value> (&names)[Count], const char* name, Result& result) {
    for (const named<Value>& each : names) {
        if (std::strcmp(each.name, name) != 0) continue;
        result = each.value;
        return true;
    }
    return false;
}

inline constexpr named<ddim::beta_schedule> schedule_names[] = {
    {"linear", ddim::beta_schedule::scaled_linear}, // linear in sqrt(beta)
    {"cosine", ddim::beta_schedule::squaredcos_cap_v2},
    {"sqrt_linear", ddim::beta_schedule::linear}, // linear in beta
    {"sqrt", ddim::beta_schedule::sqrt},
};

inline constexpr named<ddim::spacing> spacing_names[] = {
    {"uniform", ddim::spacing::uniform},   {"quad", ddim::spacing::quad},         {"leading", ddim::spacing::leading},
    {"trailing", ddim::spacing::trailing}, {"linspace", ddim::spacing::linspace},
};

inline constexpr named<ddim::final_alpha> final_alpha_names[] = {
    {"first", ddim::final_alpha::first},
    {"one", ddim::final_alpha::one},
};

inline constexpr named<ddim::prediction> prediction_names[] = {
    {"epsilon", ddim::prediction::epsilon},
    {"sample", ddim::prediction::sample},
    {"v_prediction", ddim::prediction::v_prediction},
};

inline constexpr named<model_kind> model_names[] = {
    {"analytic", model_kind::analytic},
    {"rational", model_kind::rational},
    {"linear", model_kind::linear},
};

inline constexpr named<backend_kind> backend_names[] = {
    {"host", backend_kind::host},
    {"cuda", backend_kind::cuda},
};

inline constexpr named<ddim::ddpm_buffer> table_names[] = {
    {"betas", ddim::ddpm_buffer::betas},
    {"alphas_cumprod", ddim::ddpm_buffer::alphas_cumprod},
    {"alphas_cumprod_prev", ddim::ddpm_buffer::alphas_cumprod_prev},
    {"sqrt_alphas_cumprod", ddim::ddpm_buffer::sqrt_alphas_cumprod},
    {"sqrt_one_minus_alphas_cumprod", ddim::ddpm_buffer::sqrt_one_minus_alphas_cumprod},
    {"log_one_minus_alphas_cumprod", ddim::ddpm_buffer::log_one_minus_alphas_cumprod},
    {"sqrt_recip_alphas_cumprod", ddim::ddpm_buffer::sqrt_recip_alphas_cumprod},
    {"sqrt_recipm1_alphas_cumprod", ddim::ddpm_buffer::sqrt_recipm1_alphas_cumprod},
    {"posterior_variance", ddim::ddpm_buffer::posterior_variance},
    {"posterior_log_variance_clipped", ddim::ddpm_buffer::posterior_log_variance_clipped},
    {"posterior_mean_coef1", ddim::ddpm_buffer::posterior_mean_coef1},
    {"posterior_mean_coef2", ddim::ddpm_buffer::posterior_mean_coef2},
    {"lvlb_weights", ddim::ddpm_buffer::lvlb_weights},
};

} // namespace trace

#endif
