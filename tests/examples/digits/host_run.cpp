// Digits on the CPU.
#include <cstdio>

#include "backends.hpp"
#include "ddim/host.hpp"
#include "denoiser.hpp"
#include "support/heap_counter.hpp"

namespace digits {

namespace {

// A run makes this many digits at once; larger requests are several runs of one noise stream.
constexpr int batch = 50;

alignas(ddim::arena_alignment) std::byte arena[ddim::arena_bytes({}, {batch, pixels}, ddim::guidance::batched)];
denoiser model;

/// What the callbacks of one request share.
struct progress {
    const request& order;
    int digits_before = 0; ///< digits that earlier runs have made
    double model_seconds = 0.0;
};

int denoise(void* context, const ddim::model_call& call) noexcept {
    progress& state = *static_cast<progress*>(context);
    const double start = seconds_now();
    const row_labels labels = labels_of(state.order.asked, call, state.digits_before);
    int label[2 * batch];
    for (int row = 0; row < static_cast<int>(call.rows); ++row) label[row] = labels[row];
    model.condition(call.timestep);
    model.predict(static_cast<const float*>(call.input), label, call.rows, static_cast<float*>(call.output));
    state.model_seconds += seconds_now() - start;
    return 0;
}

int show_progress(void* context, const ddim::observation& seen) noexcept {
    const progress& state = *static_cast<progress*>(context);
    std::fprintf(stderr, "\rdigits %d of %d, step %d of %d ", state.digits_before, state.order.digits, seen.step + 1,
                 seen.steps);
    return 0;
}

/// One run: digits digits_before .. + count - 1.
ddim::status make_digits(progress& state, int count) noexcept {
    const request& order = state.order;
    ddim::sampler_config config;
    config.plan = order.plan;
    config.dims = {count, pixels};
    config.mode = ddim::guidance::batched;
    config.guidance_scale = order.asked.guidance;
    config.arena = arena;
    config.model = {&denoise, &state};
    config.backend = ddim::host_backend();
    config.first_sample = state.digits_before;
    if (order.shows_progress) config.observer = {&show_progress, &state};
    ddim::sampler sampler;
    const ddim::status ready = sampler.init(config);
    if (ready != ddim::status::ok) return ready;
    const auto values = static_cast<std::size_t>(count) * pixels;
    return sampler.run({order.images + state.digits_before * pixels, values}, order.asked.seed);
}

} // namespace

outcome run_on_host(const request& order, report& result) noexcept {
    progress state{order};
    const long heap_before = heap_counter::calls();
    const double start = seconds_now();
    while (state.digits_before < order.digits) {
        const int left = order.digits - state.digits_before;
        const int now = left < batch ? left : batch;
        const ddim::status made = make_digits(state, now);
        if (made != ddim::status::ok) return {made};
        state.digits_before += now;
    }
    const double seconds = seconds_now() - start;
    std::snprintf(result.place, sizeof result.place, "host");
    result.durations[0] = {"time in the model", state.model_seconds};
    result.durations[1] = {"time in the sampler", seconds - state.model_seconds};
    result.arena_bytes = sizeof arena;
    result.heap[0] = {"heap calls in the run", heap_counter::calls() - heap_before, ""};
    return {};
}

} // namespace digits
