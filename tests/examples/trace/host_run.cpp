// A trajectory on the CPU: an arena, the formulas as models and hooks, the host's backend.
#include "ddim/hooks.hpp"
#include "ddim/host.hpp"
#include "support/golden_hooks.hpp"
#include "trace/backends.hpp"
#include "trace/models.hpp"

namespace trace {

namespace {

/// A vector of these is memory aligned as an arena must be.
struct alignas(ddim::arena_alignment) arena_block {
    std::byte bytes[ddim::arena_alignment];
};

} // namespace

outcome run_on_host(trajectory& run) {
    const options& asked = run.asked;
    ddim::sampler_config config = config_of(run);
    config.platform = ddim::host_backend();

    golden::analytic_model analytic(asked.train_steps, asked.shape.width, run.cond, run.uncond);
    config.model = host_model(asked.model, analytic);
    float corrector_weight = asked.corrector.value_or(0.0f);
    if (asked.corrector) config.score_corrector = {&ddim::add_scaled_state, &corrector_weight};
    if (asked.quantize) config.x0_hook = {&golden::round_to_eighths, nullptr};

    ddim::intermediate_log log;
    ddim::status state = log.init(run.plan.steps, config.dims, asked.log_every, run.x_inter(), run.pred_x0());
    if (state != ddim::status::ok) return {state};
    config.observer = log.observer();
    config.keeps_x0 = true;

    const ddim::arena_layout layout = ddim::carve_arena(ddim::arena_request_of(config));
    if (layout.state != ddim::status::ok) return {layout.state};
    std::vector<arena_block> arena(layout.bytes / sizeof(arena_block));
    config.arena = {arena.front().bytes, layout.bytes};

    ddim::sampler sampler;
    state = sampler.init(config);
    if (state == ddim::status::ok) state = sampler.run({run.x.data(), run.x.size()}, asked.seed);
    return {state};
}

} // namespace trace
