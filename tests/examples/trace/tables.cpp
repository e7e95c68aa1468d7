#include "trace/tables.hpp"

#include <algorithm>

#include "trace/refuse.hpp"

namespace trace {

namespace {

using ddim::status;

template <class Value>
ddim::span<const Value> view(const std::vector<Value>& values) noexcept {
    return {values.data(), values.size()};
}

/// How many timesteps, from 0 on, the spacing is of.
int spaced_train_steps(const options& asked, const ddim::schedule_view& schedule) {
    return asked.timesteps.lambda_min ? ddim::steps_above(schedule, *asked.timesteps.lambda_min) : asked.train_steps;
}

ddim::timesteps<most_train_steps> timesteps_of(const options& asked, const ddim::schedule_view& schedule) {
    constexpr int most = most_train_steps;
    const timestep_options& told = asked.timesteps;
    if (!told.listed.empty()) return ddim::listed_timesteps<most>(view(told.listed));
    if (told.original_steps)
        return ddim::spaced_timesteps<most>(ddim::spacing::leading, asked.train_steps, asked.train_steps);
    if (!told.spacing)
        return ddim::distilled_timesteps<most>(asked.train_steps, told.steps, told.original_inference_steps);
    const int train_steps = spaced_train_steps(asked, schedule);
    return told.open ? ddim::open_timesteps<most>(*told.spacing, train_steps, told.steps, told.offset)
                     : ddim::spaced_timesteps<most>(*told.spacing, train_steps, told.steps, told.offset);
}

/// Where the count of steps is at fault, says which ones are near.
bool refuse_timesteps(const options& asked, const tables& made) {
    const timestep_options& told = asked.timesteps;
    const status why = made.list.state;
    const bool is_count = why == status::steps_unavailable || why == status::steps_out_of_range;
    if (!is_count || !told.listed.empty() || !told.spacing) return refuse("%s", ddim::message(why));
    const int dropped = told.open ? 1 : 0;
    const ddim::step_counts near = ddim::nearest_steps(*told.spacing, spaced_train_steps(asked, made.schedule),
                                                       told.steps + dropped, told.offset);
    const int below = near.below - dropped, above = near.above - dropped;
    std::string counts = below > 0 ? std::to_string(below) : "";
    if (below > 0 && above > 0) counts += " and ";
    if (above > 0) counts += std::to_string(above);
    if (counts.empty()) counts = "none";
    return refuse("--steps %d: %s (nearest that work: %s)", told.steps, ddim::message(why), counts.c_str());
}

ddim::final_alpha final_of(const options& asked) {
    // The DDPM tables begin with alphas_cumprod_prev = 1.
    const bool is_one = asked.timesteps.original_steps || asked.levels.has_ramp() ||
                        asked.levels.rule == ddim::level_rule::interpolated;
    return asked.levels.final.value_or(is_one ? ddim::final_alpha::one : ddim::final_alpha::first);
}

ddim::sigma_options sigmas_of(const level_options& told) {
    ddim::sigma_options options;
    options.sigma_max = told.sigma_max.value_or(options.sigma_max);
    options.sigma_min = told.sigma_min.value_or(options.sigma_min);
    options.rho = told.rho.value_or(options.rho);
    options.told = told.told;
    return options;
}

ddim::edm_options edm_of(const level_options& told) {
    ddim::edm_options options;
    options.sigma_max = told.sigma_max.value_or(options.sigma_max);
    options.sigma_min = told.sigma_min.value_or(options.sigma_min);
    options.rho = told.rho.value_or(options.rho);
    options.sigma_data = told.sigma_data;
    options.exponential = told.exponential_ramp;
    return options;
}

ddim::levels flow_of(const options& asked) {
    ddim::flow_options options = asked.levels.flow;
    options.sigmas = view(asked.levels.flow_sigmas);
    options.train_steps = asked.train_steps;
    const bool is_list = options.sigmas.size > 0;
    return ddim::flow_levels(is_list ? static_cast<int>(options.sigmas.size) : asked.timesteps.steps, options);
}

ddim::levels whole_levels(const options& asked, const tables& made) {
    const level_options& told = asked.levels;
    const int steps = asked.timesteps.steps;
    const ddim::final_alpha final = final_of(asked);
    switch (told.rule) {
    case ddim::level_rule::schedule: break;
    case ddim::level_rule::stride: return ddim::stride_levels(made.schedule, made.list, final);
    case ddim::level_rule::paired:
        return ddim::paired_levels(made.schedule, view(told.pairs), final, told.noised_timestep);
    case ddim::level_rule::interpolated: return ddim::interpolated_levels(made.schedule, steps, final);
    case ddim::level_rule::karras: return ddim::karras_levels(made.schedule, made.list, sigmas_of(told), final);
    case ddim::level_rule::exponential:
        return ddim::exponential_levels(made.schedule, made.list, sigmas_of(told), final);
    case ddim::level_rule::flow: return flow_of(asked);
    case ddim::level_rule::logsnr: return ddim::logsnr_levels(steps, told.logsnr);
    case ddim::level_rule::edm: return ddim::edm_levels(steps, edm_of(told));
    case ddim::level_rule::sigmas: return ddim::sigma_levels(view(told.sigmas));
    case ddim::level_rule::listed: return ddim::listed_levels(view(told.listed), told.end);
    }
    return ddim::schedule_levels(made.schedule, made.list, final);
}

ddim::plan_view plan_of(const ddim::levels& levels, const solver_options& told, ddim::span<ddim::step_row> rows) {
    switch (told.kind) {
    case solver_kind::ddim: break;
    case solver_kind::ddim_inverse:
        return ddim::fill_ddim_inverse_rows(levels, {0.0, told.predicts, told.clip, told.rederive_epsilon}, rows);
    case solver_kind::ddpm:
        return ddim::fill_ddpm_rows(levels,
                                    {told.v_posterior, told.predicts, told.clip, told.temperature, told.noise}, rows);
    case solver_kind::dpm_solver:
        return ddim::fill_dpm_solver_rows(levels,
                                          {told.order, told.predicts, told.clip, told.temperature, told.type,
                                           told.sde, told.lower_order_final, told.euler_at_final},
                                          rows);
    case solver_kind::unipc:
        return ddim::fill_unipc_rows(levels,
                                     {told.order, told.predicts, told.clip, told.variant, told.corrector,
                                      view(told.disable_corrector), told.lower_order_final},
                                     rows);
    case solver_kind::pndm: return ddim::fill_pndm_rows(levels, {told.predicts}, rows);
    case solver_kind::heun: return ddim::fill_heun_rows(levels, {told.predicts, told.clip}, rows);
    case solver_kind::lcm:
        return ddim::fill_lcm_rows(levels,
                                   {told.predicts, told.clip, told.temperature, told.boundary_scaling,
                                    told.timestep_scaling, told.boundary_sigma_data},
                                   rows);
    case solver_kind::tcd:
        return ddim::fill_tcd_rows(
            levels, {told.eta.value_or(ddim::tcd_options{}.eta), told.predicts, told.clip, told.temperature}, rows);
    }
    return ddim::fill_ddim_rows(
        levels, {told.eta.value_or(0.0), told.predicts, told.clip, told.rederive_epsilon, told.temperature}, rows);
}

/// Cuts off what is not asked for.
bool take_part(const level_options& asked, ddim::levels& levels) {
    if (levels.state != status::ok || (!asked.first && !asked.last)) return true;
    const ddim::levels part =
        asked.first ? ddim::first_levels(levels, *asked.first) : ddim::last_levels(levels, *asked.last);
    if (part.state != status::ok)
        return refuse("%s %d of %d steps: %s", asked.first ? "--first" : "--last",
                      asked.first ? *asked.first : *asked.last, levels.steps, ddim::message(part.state));
    levels = part;
    return true;
}

} // namespace

bool fill_betas(const options& asked, tables& result) {
    if (asked.given_betas.empty()) {
        result.betas = ddim::betas<most_train_steps>(asked.betas, asked.train_steps);
    } else if (asked.given_betas.size() != static_cast<std::size_t>(asked.train_steps) ||
               asked.train_steps > most_train_steps) {
        return refuse("--betas: %zu of %d", asked.given_betas.size(), asked.train_steps);
    } else {
        std::copy(asked.given_betas.begin(), asked.given_betas.end(), result.betas.values);
        result.betas.train_steps = asked.train_steps;
        result.betas.state = status::ok; // as far as the schedule that is made of them does not object
    }
    return result.betas.state == status::ok || refuse("%s", ddim::message(result.betas.state));
}

bool fill_plan(const options& asked, tables& result) {
    result.schedule = ddim::make_schedule(result.betas, asked.snr);
    if (result.schedule.state != status::ok) return refuse("%s", ddim::message(result.schedule.state));
    if (asked.levels.has_list()) {
        result.list = timesteps_of(asked, result.schedule);
        if (result.list.state != status::ok) return refuse_timesteps(asked, result);
    }
    ddim::levels levels = whole_levels(asked, result);
    if (asked.levels.tells_log_sigma) levels = ddim::told_log_sigma(levels);
    if (asked.levels.start) levels = ddim::starting_at(levels, *asked.levels.start);
    if (!take_part(asked.levels, levels)) return false;
    result.plan = plan_of(levels, asked.solver, result.rows);
    return result.plan.state == status::ok || refuse("%s", ddim::message(result.plan.state));
}

} // namespace trace
