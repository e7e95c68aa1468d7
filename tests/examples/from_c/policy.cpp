// The C face of a run: what a program gives its own names to.
#include "policy.h"

#include <ddim/host.hpp>

namespace {

constexpr auto schedule = ddim::squaredcos_cap_v2_schedule<100>();
constexpr ddim::ddim_options options{/*eta=*/0.0, ddim::prediction::sample};
constexpr auto list = ddim::spaced_timesteps<10>(ddim::spacing::leading, 100);
constexpr auto plan = ddim::ddim_plan<10>(ddim::schedule_levels(schedule, list, ddim::final_alpha::one), options);
constexpr ddim::shape dims{/*batch=*/1, policy_values};

alignas(ddim::arena_alignment) std::byte arena[ddim::arena_bytes(plan, dims)];
ddim::sampler sampler;
policy_model predict;

int call_model(void* context, const ddim::model_call& call) noexcept {
    return predict(context, static_cast<const float*>(call.input), call.timestep_index,
                   static_cast<float*>(call.output));
}

} // namespace

int policy_init(policy_model model, void* context) {
    predict = model;
    ddim::sampler_config config;
    config.plan = plan;
    config.dims = dims;
    config.arena = arena;
    config.model = {model == nullptr ? nullptr : call_model, context};
    config.backend = ddim::host_backend();
    return static_cast<int>(sampler.init(config));
}

int policy_run(float actions[policy_values], unsigned long long seed) {
    return static_cast<int>(sampler.run({actions, policy_values}, seed));
}

int policy_model_code(void) { return sampler.last_code(); }

const char* policy_message(int status) { return ddim::message(static_cast<ddim::status>(status)); }
