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

/// What the hooks read while the sampler runs.
struct hook_values {
    float weight, phi;
    ddim::dynamic_thresholding thresholding;
};

/// The hooks that are asked for; `values` must live as long as the sampler runs.
void set_hooks(const options& asked, hook_values& values, ddim::sampler_config& config) {
    values = {asked.corrector.value_or(0.0f), asked.guidance_rescale.value_or(0.0f),
              asked.threshold.value_or(ddim::dynamic_thresholding{})};
    if (asked.corrector) config.score_corrector = {&ddim::add_scaled_state, &values.weight};
    if (asked.guidance_rescale) config.score_corrector = {&ddim::rescale_guidance, &values.phi};
    if (asked.quantize) config.x0_hook = {&golden::round_to_eighths, nullptr};
    if (asked.threshold) config.x0_hook = {&ddim::threshold_x0, &values.thresholding};
}

} // namespace

outcome run_on_host(trajectory& run) {
    const options& asked = run.asked;
    ddim::sampler_config config = config_of(run);
    config.backend = ddim::host_backend();

    golden::analytic_model analytic(asked.train_steps, asked.shape.width, run.cond, run.uncond);
    config.model = host_model(asked.model, analytic);
    hook_values values;
    set_hooks(asked, values, config);

    ddim::intermediate_log log;
    ddim::status state = log.init(run.plan.steps, config.dims, asked.log_every, run.x_inter(), run.pred_x0());
    if (state != ddim::status::ok) return {state};
    config.observer = log.observer();
    config.keeps_x0 = true;

    const ddim::arena_layout layout = ddim::arena_layout_of(config);
    if (layout.state != ddim::status::ok) return {layout.state};
    std::vector<arena_block> arena(layout.bytes / sizeof(arena_block));
    config.arena = {arena.front().bytes, layout.bytes};

    ddim::sampler sampler;
    state = sampler.init(config);
    if (state == ddim::status::ok) state = sampler.run({run.x.data(), run.x.size()}, asked.seed);
    return {state};
}

} // namespace trace
