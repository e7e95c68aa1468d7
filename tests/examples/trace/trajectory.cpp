#include "trace/trajectory.hpp"

#include <algorithm>
#include <cinttypes>

#include "ddim/torch_noise.hpp"
#include "trace/files.hpp"
#include "trace/refuse.hpp"

namespace trace {

namespace {

ddim::span<const float> view(const std::vector<float>& values) noexcept { return {values.data(), values.size()}; }

/// Repeated noise is that of the first sample; the library reads no other.
void keep_first_sample(std::vector<float>& noise, std::size_t steps, std::size_t values, std::size_t elements) {
    if (noise.size() != steps * values) return;
    for (std::size_t step = 0; step < steps; ++step)
        for (std::size_t i = 0; i < elements; ++i) noise[step * elements + i] = noise[step * values + i];
    noise.resize(steps * elements);
}

bool adds_noise(const ddim::step_row& row) noexcept { return row.u_n != 0.0f; }

/// torch.randn(count).
void draw(ddim::torch_cpu_generator& torch, float* values, std::size_t count) noexcept {
    (void)torch.fill_normals({values, count}); // refuses null pointers only
}

/// What no file gives, as a pipeline of diffusers draws it: the noise of x_T, then that of each step that adds any.
bool draw_torch_noise(trajectory& run, std::uint64_t seed, std::size_t noise_values) {
    const options& asked = run.asked;
    const ddim::step_row *first = run.plan.rows, *end = first + run.plan.steps;
    const bool draws_initial = asked.x_T.empty() && asked.initial_noise.empty();
    const bool draws_steps = asked.noise.empty() && std::any_of(first, end, &adds_noise);
    if (!draws_initial && !draws_steps) return refuse("--torch-seed %" PRIu64 ": this run draws no noise", seed);
    ddim::torch_cpu_generator torch(seed);
    if (draws_initial) {
        run.initial_noise.resize(asked.shape.values());
        draw(torch, run.initial_noise.data(), run.initial_noise.size());
    }
    if (!draws_steps) return true;
    run.noise.resize(static_cast<std::size_t>(run.plan.steps) * noise_values);
    float* noise = run.noise.data();
    for (const ddim::step_row* row = first; row < end; ++row, noise += noise_values)
        if (adds_noise(*row)) draw(torch, noise, noise_values);
    return true;
}

} // namespace

bool read_inputs(trajectory& run) {
    const options& asked = run.asked;
    const std::size_t steps = static_cast<std::size_t>(run.plan.steps);
    const std::size_t batch = static_cast<std::size_t>(asked.shape.batch);
    const std::size_t elements = static_cast<std::size_t>(asked.shape.elements());
    const std::size_t values = asked.shape.values();
    const std::size_t noise_values = asked.repeat_noise ? elements : values;
    const bool read = read_values({"--x-T", asked.x_T}, values, run.x) &&
                      read_values({"--noised", asked.noised}, values, run.x) &&
                      read_values({"--initial-noise", asked.initial_noise}, values, run.initial_noise) &&
                      read_values({"--cond", asked.cond}, 4 * batch, run.cond) &&
                      read_values({"--uncond", asked.uncond}, 4 * batch, run.uncond) &&
                      read_values({"--noise", asked.noise}, steps * values, steps * noise_values, run.noise) &&
                      read_values({"--keep", asked.keep}, steps * values, run.keep) &&
                      read_values({"--x0", asked.x0}, values, run.x0) &&
                      read_values({"--mask", asked.mask}, static_cast<std::size_t>(asked.shape.pixels()), run.mask) &&
                      read_values({"--mask-noise", asked.mask_noise}, steps * values, run.mask_noise);
    if (!read) return false;
    if (asked.repeat_noise) keep_first_sample(run.noise, steps, values, elements);
    run.log.resize(2 * run.entries() * values); // the largest first: where it does not fit, nothing has been filled
    run.x.resize(values);
    return !asked.torch_seed || draw_torch_noise(run, *asked.torch_seed, noise_values);
}

ddim::sampler_config config_of(const trajectory& run) noexcept {
    const options& asked = run.asked;
    ddim::sampler_config config;
    config.plan = run.plan;
    config.dims = {asked.shape.batch, asked.shape.elements()};
    config.mode = asked.is_guided() ? ddim::guidance::batched : ddim::guidance::none;
    config.guidance_scale = asked.guidance;
    config.initial = !asked.x_T.empty()      ? ddim::initial_state::given
                     : !asked.noised.empty() ? ddim::initial_state::noised
                                             : ddim::initial_state::drawn;
    config.initial_noise = view(run.initial_noise);
    config.step_noise = view(run.noise);
    config.repeat_noise = asked.repeat_noise;
    config.noise_dropout = asked.noise_dropout;
    config.dropout_keep = view(run.keep);
    config.known = ddim::compvis_inpainting();
    config.known.mask = view(run.mask);
    config.known.x0 = view(run.x0);
    config.known.given_noise = view(run.mask_noise);
    return config;
}

bool write_outputs(trajectory& run) {
    const std::size_t values = run.x.size();
    // The last step's index is 0, which every interval divides: the log ends with the last predicted x0.
    const float* last_x0 = run.log.data() + run.log.size() - values;
    return write_all({{{"--out", run.asked.out}, {run.x.data(), values}},
                      {{"--out-x0", run.asked.out_x0}, {last_x0, values}},
                      {{"--out-log", run.asked.out_log}, {run.log.data(), run.log.size()}}});
}

} // namespace trace
