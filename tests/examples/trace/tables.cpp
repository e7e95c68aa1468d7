#include "trace/tables.hpp"

#include "trace/refuse.hpp"

namespace trace {

namespace {

using ddim::status;

ddim::timesteps<most_train_steps> timesteps_of(const options& asked) {
    if (!asked.timesteps.empty())
        return ddim::listed_timesteps<most_train_steps>({asked.timesteps.data(), asked.timesteps.size()});
    if (asked.original_steps)
        return ddim::spaced_timesteps<most_train_steps>(ddim::spacing::leading, asked.train_steps, asked.train_steps);
    return ddim::spaced_timesteps<most_train_steps>(asked.spacing, asked.train_steps, asked.steps, asked.offset);
}

/// Where the count of steps is at fault, says which ones are near.
bool refuse_timesteps(const options& asked, status why) {
    const bool is_count = why == status::steps_unavailable || why == status::steps_out_of_range;
    if (!is_count || !asked.timesteps.empty()) return refuse("%s", ddim::message(why));
    const ddim::nearest near = ddim::nearest_steps(asked.spacing, asked.train_steps, asked.steps, asked.offset);
    std::string counts = near.below > 0 ? std::to_string(near.below) : "";
    if (near.below > 0 && near.above > 0) counts += " and ";
    if (near.above > 0) counts += std::to_string(near.above);
    if (counts.empty()) counts = "none";
    return refuse("--steps %d: %s (nearest that work: %s)", asked.steps, ddim::message(why), counts.c_str());
}

} // namespace

bool fill_betas(const options& asked, tables& result) {
    result.betas = ddim::betas<most_train_steps>(asked.betas, asked.train_steps);
    return result.betas.state == status::ok || refuse("%s", ddim::message(result.betas.state));
}

bool fill_plan(const options& asked, tables& result) {
    result.schedule = ddim::make_schedule(result.betas);
    result.list = timesteps_of(asked);
    if (result.list.state != status::ok) return refuse_timesteps(asked, result.list.state);
    result.whole_plan = ddim::ddim_plan(result.schedule, result.list, asked.solver);
    if (result.whole_plan.state != status::ok) return refuse("%s", ddim::message(result.whole_plan.state));
    result.plan = result.whole_plan;
    if (asked.last) result.plan = ddim::last_steps(result.whole_plan, *asked.last);
    if (result.plan.state == status::ok) return true;
    return refuse("--last %d of %d steps: %s", *asked.last, result.whole_plan.steps,
                  ddim::message(result.plan.state));
}

} // namespace trace
