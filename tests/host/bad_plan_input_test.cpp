// Every wrong schedule, list of timesteps, levels or plan: its own status, and nothing is written.
#include <doctest/doctest.h>

#include <cstddef>
#include <cstring>
#include <limits>

#include "host/wrong_inputs.hpp"

namespace {

using ddim::status;
using test_support::infinity;
using test_support::not_a_number;
using test_support::two_slot_plan;
using test_support::wrong_use;

constexpr auto valid_betas = ddim::betas<10>();
constexpr auto valid_schedule = ddim::make_schedule(valid_betas);
constexpr auto valid_list = ddim::spaced_timesteps<5>(ddim::spacing::leading, 10);
constexpr auto valid_levels = ddim::schedule_levels(valid_schedule, valid_list);

/// Options of which one is not the default.
template <class Options, class Value>
Options with(Value Options::*member, Value value) {
    Options options;
    options.*member = value;
    return options;
}

status plan_state(const ddim::ddim_options& options) { return ddim::ddim_plan<5>(valid_levels, options).state; }

/// Of DDIM over wrong levels.
status levels_state(const ddim::levels& levels) { return ddim::ddim_plan<5>(levels).state; }

status sigmas_state(const ddim::sigma_options& options) {
    return levels_state(ddim::karras_levels(valid_schedule, valid_list, options));
}

status flow_state(const ddim::flow_options& options) {
    return ddim::ddim_plan<5>(ddim::flow_levels(5, options), {0.0, ddim::prediction::flow}).state;
}

status pair_state(int from, int to, int noised_timestep = -1) {
    const ddim::timestep_pair pairs[] = {{from, to}};
    return levels_state(ddim::paired_levels(valid_schedule, pairs, ddim::final_alpha::first, noised_timestep));
}

status ddpm_state(const ddim::ddpm_options& options) { return ddim::ddpm_plan<5>(valid_levels, options).state; }

status list_state(int first, int second) {
    const int values[] = {first, second};
    return ddim::listed_timesteps<8>(values).state;
}

double no_betas[1];
float no_values[1];
double many_betas[10];
float many_values[10];
ddim::step_row no_rows[1];
int no_timesteps[1];

const wrong_use wrong_uses[] = {
    // Schedules
    {"0 training timesteps", status::train_steps_out_of_range, [] { return ddim::betas<10>({}, 0).state; }},
    {"-1 training timesteps", status::train_steps_out_of_range, [] { return ddim::betas<10>({}, -1).state; }},
    {"more training timesteps than capacity", status::train_steps_out_of_range,
     [] { return ddim::betas<10>({}, 11).state; }},
    {"beta 0", status::beta_out_of_range, [] { return ddim::linear_schedule<10>(0.0, 0.1).state; }},
    {"beta NaN", status::beta_out_of_range,
     [] { return ddim::linear_schedule<10>(0.1, static_cast<double>(not_a_number)).state; }},
    {"beta above 1", status::beta_out_of_range, [] { return ddim::sqrt_schedule<10>(0.1, 1.1).state; }},
    {"cosine_s -1", status::beta_out_of_range, [] { return ddim::squaredcos_cap_v2_schedule<10>(-1.0).state; }},
    {"given beta 1 before the end", status::beta_out_of_range,
     [] {
         const double betas[] = {0.1, 1.0, 0.1};
         return ddim::given_betas(betas).state;
     }},
    {"unknown buffer", status::option_out_of_range,
     [] { return ddim::ddpm_table(valid_betas, static_cast<ddim::ddpm_buffer>(15)).state; }},
    {"v_posterior 1.5 of a buffer", status::v_posterior_out_of_range,
     [] { return ddim::ddpm_table(valid_betas, ddim::ddpm_buffer::posterior_variance, 1.5).state; }},
    {"v_posterior NaN of a buffer", status::v_posterior_out_of_range,
     [] {
         return ddim::ddpm_table(valid_betas, ddim::ddpm_buffer::posterior_variance,
                                 static_cast<double>(not_a_number))
             .state;
     }},
    {"fill_betas into nothing", status::values_null, [] { return ddim::fill_betas({}, nullptr, 10); }},
    {"fill_betas of 0 timesteps", status::train_steps_out_of_range, [] { return ddim::fill_betas({}, no_betas, 0); }},
    {"fill_alphas_cumprod from nothing", status::values_null,
     [] { return ddim::fill_alphas_cumprod(nullptr, {}, no_values, 10); }},
    {"fill_alphas_cumprod into nothing", status::values_null,
     [] { return ddim::fill_alphas_cumprod(valid_betas.values, {}, nullptr, 10); }},
    {"fill_betas of which the last is out of range", status::beta_out_of_range,
     [] {
         return ddim::fill_betas({ddim::beta_schedule::linear, 0.5, 1.5}, many_betas, 10);
     }},
    {"fill_alphas_cumprod of betas of which the last is out of range", status::beta_out_of_range,
     [] {
         const double betas[] = {0.1, 0.2, 1.5};
         return ddim::fill_alphas_cumprod(betas, {}, many_values, 3);
     }},
    {"signal-to-noise ratio divided by 0", status::option_out_of_range,
     [] { return ddim::fill_alphas_cumprod(valid_betas.values, {0.0}, many_values, 10); }},
    {"signal-to-noise ratio divided by NaN", status::option_out_of_range,
     [] { return ddim::make_schedule(valid_betas, {static_cast<double>(not_a_number)}).state; }},
    {"terminal alphas_cumprod 1", status::option_out_of_range,
     [] {
         return ddim::make_schedule(valid_betas, {1.0, true, 1.0}).state;
     }},
    {"zero terminal SNR of a single timestep", status::train_steps_out_of_range,
     [] {
         return ddim::fill_alphas_cumprod(valid_betas.values, {1.0, true}, many_values, 1);
     }},
    {"fill_alphas_cumprod of -3 timesteps", status::train_steps_out_of_range,
     [] { return ddim::fill_alphas_cumprod(valid_betas.values, {}, no_values, -3); }},
    {"fill_ddpm_buffer from nothing", status::values_null,
     [] { return ddim::fill_ddpm_buffer(ddim::ddpm_buffer::betas, 0.0, nullptr, no_values, 10); }},
    {"fill_ddpm_buffer into nothing", status::values_null,
     [] { return ddim::fill_ddpm_buffer(ddim::ddpm_buffer::betas, 0.0, valid_betas.values, nullptr, 10); }},
    {"fill_ddpm_buffer of 0 timesteps", status::train_steps_out_of_range,
     [] { return ddim::fill_ddpm_buffer(ddim::ddpm_buffer::betas, 0.0, valid_betas.values, no_values, 0); }},

    // Timesteps
    {"0 steps", status::steps_out_of_range,
     [] { return ddim::spaced_timesteps<10>(ddim::spacing::leading, 1000, 0).state; }},
    {"-1 steps", status::steps_out_of_range,
     [] { return ddim::spaced_timesteps<10>(ddim::spacing::leading, 1000, -1).state; }},
    {"more steps than timesteps", status::steps_out_of_range,
     [] { return ddim::spaced_timesteps<10>(ddim::spacing::leading, 5).state; }},
    {"more steps than capacity", status::steps_out_of_range,
     [] { return ddim::spaced_timesteps<10>(ddim::spacing::leading, 1000, 11).state; }},
    {"30 uniform steps", status::steps_unavailable,
     [] { return ddim::spaced_timesteps<30>(ddim::spacing::uniform, 1000).state; }},
    {"offset past the table", status::steps_unavailable,
     [] { return ddim::spaced_timesteps<10>(ddim::spacing::trailing, 1000, 10, 1).state; }},
    {"unknown spacing", status::option_out_of_range,
     [] { return ddim::spaced_timesteps<10>(static_cast<ddim::spacing>(5), 1000).state; }},
    {"negative timestep", status::timestep_out_of_range, [] { return list_state(5, -1); }},
    {"repeated timestep", status::timesteps_not_descending, [] { return list_state(5, 5); }},
    {"ascending timesteps", status::timesteps_not_descending, [] { return list_state(1, 5); }},
    {"no timesteps", status::steps_out_of_range, [] { return ddim::listed_timesteps<8>({}).state; }},
    {"fill_timesteps into nothing", status::values_null,
     [] { return ddim::fill_timesteps(ddim::spacing::leading, 10, 5, 0, nullptr); }},
    {"fill_timesteps of 0 steps", status::steps_out_of_range,
     [] { return ddim::fill_timesteps(ddim::spacing::leading, 10, 0, 0, no_timesteps); }},
    {"fill_timesteps by an unknown spacing", status::option_out_of_range,
     [] { return ddim::fill_timesteps(static_cast<ddim::spacing>(-1), 10, 5, 0, no_timesteps); }},
    {"fill_timesteps of a count that there is not", status::steps_unavailable,
     [] { return ddim::fill_timesteps(ddim::spacing::uniform, 1000, 3, 0, no_timesteps); }},

    // Plans
    {"eta -0.1", status::eta_out_of_range, [] { return plan_state({-0.1}); }},
    {"eta 1.1", status::eta_out_of_range, [] { return plan_state({1.1}); }},
    {"eta NaN", status::eta_out_of_range, [] { return plan_state({static_cast<double>(not_a_number)}); }},
    {"eta 0.5 of an inversion", status::eta_out_of_range,
     [] { return ddim::ddim_inverse_plan<5>(valid_levels, {0.5}).state; }},
    {"clip 0", status::clip_out_of_range, [] { return plan_state(with(&ddim::ddim_options::clip, 0.0)); }},
    {"clip -1 of DDPM", status::clip_out_of_range, [] { return ddpm_state(with(&ddim::ddpm_options::clip, -1.0)); }},
    {"temperature -1", status::temperature_out_of_range,
     [] { return plan_state(with(&ddim::ddim_options::temperature, -1.0)); }},
    {"temperature NaN", status::temperature_out_of_range,
     [] { return plan_state(with(&ddim::ddim_options::temperature, static_cast<double>(not_a_number))); }},
    {"temperature beyond the largest float", status::temperature_out_of_range,
     [] { return plan_state(with(&ddim::ddim_options::temperature, 1e39)); }},
    {"temperature infinite, of DDPM", status::temperature_out_of_range,
     [] { return ddpm_state(with(&ddim::ddpm_options::temperature, static_cast<double>(infinity))); }},
    {"v_posterior -0.1", status::v_posterior_out_of_range, [] { return ddpm_state({-0.1}); }},
    {"v_posterior 1.1", status::v_posterior_out_of_range, [] { return ddpm_state({1.1}); }},
    {"v_posterior NaN", status::v_posterior_out_of_range,
     [] { return ddpm_state({static_cast<double>(not_a_number)}); }},
    {"unknown prediction", status::option_out_of_range,
     [] {
         return plan_state({0.0, static_cast<ddim::prediction>(6)});
     }},
    {"unknown prediction of DDPM", status::option_out_of_range,
     [] {
         return ddpm_state({0.0, static_cast<ddim::prediction>(-1)});
     }},
    {"unknown final alpha", status::option_out_of_range,
     [] {
         return levels_state(ddim::schedule_levels(valid_schedule, valid_list, static_cast<ddim::final_alpha>(2)));
     }},
    {"timestep above the schedule", status::timestep_out_of_range,
     [] {
         const int beyond[] = {10, 1};
         const auto list = ddim::listed_timesteps<2>(beyond);
         return levels_state(ddim::schedule_levels(valid_schedule, list));
     }},
    {"epsilon at zero terminal SNR", status::prediction_undefined,
     [] {
         const double betas[] = {0.5, 1.0};
         const auto schedule = ddim::make_schedule(ddim::given_betas(betas));
         const auto list = ddim::spaced_timesteps<2>(ddim::spacing::leading, 2);
         return ddim::ddpm_plan<2>(ddim::schedule_levels(schedule, list)).state;
     }},
    {"fill_ddim_rows into nothing", status::values_null,
     [] { return ddim::fill_ddim_rows(valid_levels, {}, {}).state; }},
    {"fill_ddim_inverse_rows into nothing", status::values_null,
     [] {
         return ddim::fill_ddim_inverse_rows(valid_levels, {}, {nullptr, 5}).state;
     }},
    {"fill_ddpm_rows into nothing", status::values_null,
     [] { return ddim::fill_ddpm_rows(valid_levels, {}, {}).state; }},
    {"fill_dpm_solver_rows into nothing", status::values_null,
     [] { return ddim::fill_dpm_solver_rows(valid_levels, {}, {}).state; }},
    {"fill_unipc_rows into nothing", status::values_null,
     [] { return ddim::fill_unipc_rows(valid_levels, {}, {}).state; }},
    {"fill_pndm_rows into nothing", status::values_null,
     [] { return ddim::fill_pndm_rows(valid_levels, {}, {}).state; }},
    {"fill_heun_rows into nothing", status::values_null,
     [] { return ddim::fill_heun_rows(valid_levels, {}, {}).state; }},
    {"fill_lcm_rows into nothing", status::values_null,
     [] { return ddim::fill_lcm_rows(valid_levels, {}, {}).state; }},
    {"fill_tcd_rows into nothing", status::values_null,
     [] { return ddim::fill_tcd_rows(valid_levels, {}, {}).state; }},
    {"fill_ddim_rows with more steps than rows", status::steps_out_of_range,
     [] { return ddim::fill_ddim_rows(valid_levels, {}, no_rows).state; }},
    {"fill_pndm_rows with a row for each step", status::steps_out_of_range,
     [] { return ddim::fill_pndm_rows(ddim::last_levels(valid_levels, 2), {}, no_rows).state; }},
    {"fill_heun_rows with a row for each step", status::steps_out_of_range,
     [] { return ddim::fill_heun_rows(ddim::last_levels(valid_levels, 1), {}, no_rows).state; }},
    {"fill_ddpm_rows from an empty schedule", status::train_steps_out_of_range,
     [] { return ddim::fill_ddpm_rows(ddim::schedule_levels({}, valid_list), {}, no_rows).state; }},
    {"fill_ddim_rows from a schedule without a table", status::values_null,
     [] {
         ddim::schedule_view schedule = valid_schedule;
         schedule.alphas_cumprod = nullptr;
         return ddim::fill_ddim_rows(ddim::schedule_levels(schedule, valid_list), {}, no_rows).state;
     }},
    {"fill_ddim_inverse_rows from an empty list", status::steps_out_of_range,
     [] { return ddim::fill_ddim_inverse_rows(ddim::schedule_levels(valid_schedule, {}), {}, no_rows).state; }},
    {"unknown noise of DDPM", status::option_out_of_range,
     [] { return ddpm_state(with(&ddim::ddpm_options::noise, static_cast<ddim::ddpm_noise>(2))); }},
    {"order 0", status::option_out_of_range, [] { return ddim::dpm_solver_plan<5>(valid_levels, {0}).state; }},
    {"order 4", status::option_out_of_range, [] { return ddim::unipc_plan<5>(valid_levels, {4}).state; }},
    {"an SDE of order 3", status::option_out_of_range,
     [] {
         ddim::dpm_solver_options options;
         options.order = 3;
         options.sde = true;
         return ddim::dpm_solver_plan<5>(valid_levels, options).state;
     }},
    {"gamma -0.1 of TCD", status::eta_out_of_range, [] { return ddim::tcd_plan<5>(valid_levels, {-0.1}).state; }},
    {"timestep scaling 0 of LCM", status::option_out_of_range,
     [] { return ddim::lcm_plan<5>(valid_levels, with(&ddim::lcm_options::timestep_scaling, 0.0)).state; }},
    {"TCD where no schedule is", status::levels_unsuitable,
     [] {
         return ddim::tcd_plan<5>(ddim::flow_levels(5), {0.3, ddim::prediction::flow}).state;
     }},
    {"a multistep solver at zero terminal SNR", status::levels_unsuitable,
     [] {
         const double betas[] = {0.5, 0.5, 1.0};
         const auto schedule = ddim::make_schedule(ddim::given_betas(betas));
         const auto list = ddim::spaced_timesteps<3>(ddim::spacing::leading, 3);
         const ddim::levels levels = ddim::schedule_levels(schedule, list);
         return ddim::unipc_plan<3>(levels, {2, ddim::prediction::v_prediction}).state;
     }},
    {"PLMS at zero terminal SNR", status::levels_unsuitable,
     [] {
         const double betas[] = {0.5, 0.5, 1.0};
         const auto schedule = ddim::make_schedule(ddim::given_betas(betas));
         const auto list = ddim::spaced_timesteps<3>(ddim::spacing::leading, 3);
         return ddim::pndm_plan<4>(ddim::schedule_levels(schedule, list), {ddim::prediction::v_prediction}).state;
     }},
    {"a multistep solver on rising noise", status::levels_unsuitable,
     [] {
         const ddim::timed_level rising[] = {{9, 0.5, 0.5}, {5, 0.4, 0.6}, {1, 0.6, 0.4}};
         return ddim::dpm_solver_plan<3>(ddim::listed_levels(rising), {2, ddim::prediction::flow}).state;
     }},
    {"a multistep solver where a timestep repeats", status::levels_unsuitable,
     [] {
         const ddim::timesteps<4> twice{{9, 5, 5, 1}, 4, true, status::ok};
         return ddim::dpm_solver_plan<4>(ddim::schedule_levels(valid_schedule, twice), {2}).state;
     }},
    {"flow prediction where alpha + sigma is not 1", status::prediction_undefined,
     [] {
         return plan_state({0.0, ddim::prediction::flow});
     }},
    {"v prediction where alpha^2 + sigma^2 is not 1", status::prediction_undefined,
     [] {
         return ddim::ddim_plan<5>(ddim::flow_levels(5), {0.0, ddim::prediction::v_prediction}).state;
     }},
    {"last steps of a plan with history", status::history_missing,
     [] { return ddim::last_steps(two_slot_plan, 2).state; }},

    // Levels
    {"levels of 0 steps", status::steps_out_of_range, [] { return levels_state(ddim::flow_levels(0)); }},
    {"levels of -1 steps", status::steps_out_of_range, [] { return levels_state(ddim::edm_levels(-1)); }},
    {"more levels than rows can count", status::steps_out_of_range,
     [] { return levels_state(ddim::logsnr_levels(std::numeric_limits<int>::max())); }},
    {"levels of an unknown rule", status::option_out_of_range,
     [] {
         ddim::levels levels = valid_levels;
         levels.rule = static_cast<ddim::level_rule>(11);
         return levels_state(levels);
     }},
    {"unknown start scale", status::option_out_of_range,
     [] { return levels_state(ddim::starting_at(valid_levels, static_cast<ddim::start_scale>(3))); }},
    {"more last levels than levels", status::steps_out_of_range,
     [] { return levels_state(ddim::last_levels(valid_levels, 6)); }},
    {"0 first levels", status::steps_out_of_range, [] { return levels_state(ddim::first_levels(valid_levels, 0)); }},
    {"levels of an empty list", status::steps_out_of_range,
     [] { return levels_state(ddim::stride_levels(valid_schedule, {})); }},
    {"levels of a list without values", status::values_null,
     [] {
         ddim::timesteps_view list = valid_list;
         list.values = nullptr;
         return levels_state(ddim::stride_levels(valid_schedule, list));
     }},
    {"levels of an ascending list", status::timesteps_not_descending,
     [] {
         const ddim::timesteps<2> list{{1, 5}, 2, false, status::ok};
         return levels_state(ddim::karras_levels(valid_schedule, list));
     }},
    {"no pairs", status::steps_out_of_range, [] { return levels_state(ddim::paired_levels(valid_schedule, {})); }},
    {"pairs without values", status::values_null,
     [] {
         return levels_state(ddim::paired_levels(valid_schedule, {nullptr, 3}));
     }},
    {"a pair that leads up", status::timesteps_not_descending, [] { return pair_state(5, 6); }},
    {"a pair above the schedule", status::timestep_out_of_range, [] { return pair_state(10, 5); }},
    {"a pair below the schedule", status::timestep_out_of_range, [] { return pair_state(-1, -2); }},
    {"pairs noised to a timestep above the schedule", status::timestep_out_of_range,
     [] { return pair_state(9, 5, 10); }},
    {"sigma_max -1", status::levels_out_of_range, [] { return sigmas_state({-1.0}); }},
    {"sigma_max NaN", status::levels_out_of_range, [] { return sigmas_state({static_cast<double>(not_a_number)}); }},
    {"sigma_min above sigma_max", status::levels_out_of_range,
     [] {
         return sigmas_state({1.0, 2.0});
     }},
    {"rho 0", status::levels_out_of_range,
     [] {
         return sigmas_state({0.0, 0.0, 0.0});
     }},
    {"unknown told timestep", status::option_out_of_range,
     [] {
         return sigmas_state({0.0, 0.0, 7.0, static_cast<ddim::told_timestep>(3)});
     }},
    {"sigmas of a schedule with zero terminal SNR", status::levels_out_of_range,
     [] {
         const auto schedule = ddim::make_schedule(valid_betas, {1.0, true});
         return levels_state(ddim::interpolated_levels(schedule, 5));
     }},
    {"sigma_data 0 of EDM", status::levels_out_of_range,
     [] { return ddim::edm_plan<5>(with(&ddim::edm_options::sigma_data, 0.0)).state; }},
    {"sigma_min above sigma_max of EDM", status::levels_out_of_range,
     [] {
         return ddim::edm_plan<5>({1.0, 2.0}).state;
     }},
    {"unknown grid of flow", status::option_out_of_range,
     [] { return flow_state(with(&ddim::flow_options::grid, static_cast<ddim::flow_grid>(3))); }},
    {"shift 0 of flow", status::levels_out_of_range,
     [] { return flow_state(with(&ddim::flow_options::shift, 0.0)); }},
    {"terminal 1 of flow", status::levels_out_of_range,
     [] { return flow_state(with(&ddim::flow_options::terminal, 1.0)); }},
    {"terminal of flow where the only sigma is 1", status::levels_out_of_range,
     [] {
         return ddim::ddim_plan<1>(ddim::flow_levels(1, with(&ddim::flow_options::terminal, 0.1)),
                                   {0.0, ddim::prediction::flow})
             .state;
     }},
    {"shift of flow that is lost beside 1", status::levels_out_of_range,
     [] { return flow_state(with(&ddim::flow_options::shift, 1e-30)); }},
    {"told scale beyond a timestep", status::levels_out_of_range,
     [] {
         ddim::flow_options options;
         options.told_scale = 1e300;
         options.told_whole = true;
         return flow_state(options);
     }},
    {"largest 0 of flow", status::levels_out_of_range,
     [] { return flow_state(with(&ddim::flow_options::largest, 0.0)); }},
    {"flow sigmas of another count", status::values_size_mismatch,
     [] {
         static const double sigmas[] = {1.0, 0.5};
         ddim::flow_options options;
         options.sigmas = sigmas;
         return flow_state(options);
     }},
    {"flow sigmas without values", status::values_null,
     [] {
         return flow_state(with(&ddim::flow_options::sigmas, {nullptr, 5}));
     }},
    {"flow sigmas that rise", status::levels_out_of_range,
     [] {
         static const double sigmas[] = {1.0, 0.5, 0.6, 0.3, 0.1};
         ddim::flow_options options;
         options.sigmas = sigmas;
         return flow_state(options);
     }},
    {"beta_1 below beta_0", status::levels_out_of_range,
     [] {
         return levels_state(ddim::logsnr_levels(5, {0.5, 0.1}));
     }},
    {"last time 0", status::levels_out_of_range,
     [] {
         return levels_state(ddim::logsnr_levels(5, {0.1, 20.0, 1.0, 0.0}));
     }},
    {"no listed levels", status::steps_out_of_range, [] { return levels_state(ddim::listed_levels({})); }},
    {"listed levels without values", status::values_null,
     [] {
         return levels_state(ddim::listed_levels({nullptr, 3}));
     }},
    {"a listed level with sigma -1", status::levels_out_of_range,
     [] {
         const ddim::timed_level list[] = {{9, 0.5, -1.0}};
         return levels_state(ddim::listed_levels(list));
     }},
    {"a listed level of nothing", status::levels_out_of_range,
     [] {
         const ddim::timed_level list[] = {{9, 0.0, 0.0}};
         return levels_state(ddim::listed_levels(list));
     }},
    {"a listed end that is NaN", status::levels_out_of_range,
     [] {
         const ddim::timed_level list[] = {{9, 0.5, 0.5}};
         return levels_state(ddim::listed_levels(list, {0.0, static_cast<double>(not_a_number), 0.0}));
     }},
    {"more distilled timesteps than originals", status::steps_out_of_range,
     [] { return ddim::distilled_timesteps<8>(1000, 8, 4).state; }},
    {"more open timesteps than the spacing has", status::steps_out_of_range,
     [] { return ddim::open_timesteps<10>(ddim::spacing::leading, 10).state; }},
    {"0 open timesteps", status::steps_out_of_range,
     [] { return ddim::open_timesteps<10>(ddim::spacing::leading, 100, 0).state; }},
};

} // namespace

test_support::wrong_inputs test_support::wrong_plan_inputs() { return {{}, {}, {}, as_list(wrong_uses)}; }

TEST_CASE("every wrong schedule, list, levels or plan: its own status, nothing written") {
    test_support::check_uses(test_support::wrong_plan_inputs().uses);
    CHECK(no_betas[0] == 0.0);
    CHECK(no_values[0] == 0.0f);
    for (const double beta : many_betas) CHECK(beta == 0.0);
    for (const float value : many_values) CHECK(value == 0.0f);
    CHECK(no_timesteps[0] == 0);
    const ddim::step_row blank;
    CHECK(std::memcmp(no_rows, &blank, sizeof blank) == 0);
}
