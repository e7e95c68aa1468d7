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

/// The name of a value of the table.
template <class Value, std::size_t Count>
const char* name_of(const named<Value> (&names)[Count], Value value) {
    for (const named<Value>& each : names)
        if (each.value == value) return each.name;
    return "";
}

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

/// Of ddim_trace alone: distilled, which has no rule in the library's enum.
inline constexpr named<std::optional<ddim::spacing>> spacing_names[] = {
    {"uniform", ddim::spacing::uniform},   {"quad", ddim::spacing::quad},         {"leading", ddim::spacing::leading},
    {"trailing", ddim::spacing::trailing}, {"linspace", ddim::spacing::linspace}, {"distilled", std::nullopt},
};

inline constexpr named<ddim::level_rule> level_names[] = {
    {"schedule", ddim::level_rule::schedule}, {"stride", ddim::level_rule::stride},
    {"paired", ddim::level_rule::paired},     {"interpolated", ddim::level_rule::interpolated},
    {"karras", ddim::level_rule::karras},     {"exponential", ddim::level_rule::exponential},
    {"flow", ddim::level_rule::flow},         {"logsnr", ddim::level_rule::logsnr},
    {"edm", ddim::level_rule::edm},           {"sigmas", ddim::level_rule::sigmas},
    {"listed", ddim::level_rule::listed},
};

inline constexpr named<ddim::final_alpha> final_alpha_names[] = {
    {"first", ddim::final_alpha::first},
    {"one", ddim::final_alpha::one},
};

inline constexpr named<ddim::start_scale> start_scale_names[] = {
    {"one", ddim::start_scale::one},
    {"sigma", ddim::start_scale::sigma},
    {"unit_variance", ddim::start_scale::unit_variance},
};

inline constexpr named<ddim::told_timestep> told_names[] = {
    {"fractional", ddim::told_timestep::fractional},
    {"nearest", ddim::told_timestep::nearest},
    {"floored", ddim::told_timestep::floored},
};

/// Whether EDM's ramp is even in ln(sigma).
inline constexpr named<bool> ramp_names[] = {{"karras", false}, {"exponential", true}};

inline constexpr named<ddim::flow_grid> flow_grid_names[] = {
    {"even", ddim::flow_grid::even},
    {"train_ends", ddim::flow_grid::train_ends},
    {"shifted_train_ends", ddim::flow_grid::shifted_train_ends},
};

inline constexpr named<ddim::flow_told> flow_told_names[] = {
    {"sigma", ddim::flow_told::sigma},
    {"one_minus_sigma", ddim::flow_told::one_minus_sigma},
};

inline constexpr named<solver_kind> solver_names[] = {
    {"ddim", solver_kind::ddim},   {"ddim_inverse", solver_kind::ddim_inverse},
    {"ddpm", solver_kind::ddpm},   {"dpm_solver", solver_kind::dpm_solver},
    {"unipc", solver_kind::unipc}, {"pndm", solver_kind::pndm},
    {"heun", solver_kind::heun},   {"lcm", solver_kind::lcm},
    {"tcd", solver_kind::tcd},
};

inline constexpr named<ddim::prediction> prediction_names[] = {
    {"epsilon", ddim::prediction::epsilon},
    {"sample", ddim::prediction::sample},
    {"v_prediction", ddim::prediction::v_prediction},
    {"flow_prediction", ddim::prediction::flow},
    {"reversed_flow", ddim::prediction::reversed_flow},
    {"edm", ddim::prediction::edm},
};

inline constexpr named<ddim::ddpm_noise> ddpm_noise_names[] = {
    {"not_last", ddim::ddpm_noise::not_last},
    {"timestep_above_zero", ddim::ddpm_noise::timestep_above_zero},
};

inline constexpr named<ddim::dpm_solver_type> solver_type_names[] = {
    {"midpoint", ddim::dpm_solver_type::midpoint},
    {"heun", ddim::dpm_solver_type::heun},
};

inline constexpr named<ddim::unipc_variant> variant_names[] = {
    {"bh1", ddim::unipc_variant::bh1},
    {"bh2", ddim::unipc_variant::bh2},
};

inline constexpr named<bool> switch_names[] = {{"on", true}, {"off", false}};

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
