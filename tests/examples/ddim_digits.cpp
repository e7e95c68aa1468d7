// From noise to handwritten digits: the library's sampler around a small trained denoiser, on the CPU.
#include <chrono>
#include <cstdio>

#include "ddim/host.hpp"
#include "digits/denoiser.hpp"
#include "digits/options.hpp"
#include "digits/picture.hpp"
#include "support/heap_counter.hpp"

namespace {

using ddim::status;
using digits::pixels;

// A run makes this many digits at once; larger requests are several runs of one noise stream.
constexpr int batch = 50;
constexpr int most_digits = digits::classes * digits::most_per_class;

constexpr auto schedule = ddim::scaled_linear_schedule<1000>(0.00085, 0.012); // of the denoiser's training

ddim::plan<1000> plan; // filled at run time: the number of steps is an option
alignas(ddim::arena_alignment) std::byte arena[ddim::carve_arena({{batch, pixels}, ddim::guidance::batched}).bytes];
float images[most_digits * pixels];
digits::denoiser denoiser;

double seconds_now() noexcept {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// What the callbacks of one request share.
struct request_state {
    const digits::options& asked;
    int digits_before = 0; ///< digits that earlier runs have made
    int digits_total = 0;
    double model_seconds = 0.0;

    int label_of(int digit) const noexcept { return asked.first_class + digit / asked.count; }
};

int denoise(void* context, const ddim::model_call& call) noexcept {
    request_state& state = *static_cast<request_state*>(context);
    const double start = seconds_now();
    const int rows = static_cast<int>(call.rows);
    const int unconditional = call.which == ddim::branch::both ? rows / 2 : 0;
    int labels[2 * batch];
    for (int row = 0; row < rows; ++row)
        labels[row] =
            row < unconditional ? digits::no_label : state.label_of(state.digits_before + row - unconditional);
    denoiser.condition(call.timestep);
    denoiser.predict(static_cast<const float*>(call.input), labels, call.rows, static_cast<float*>(call.output));
    state.model_seconds += seconds_now() - start;
    return 0;
}

int show_progress(void* context, const ddim::observation& seen) noexcept {
    const request_state& state = *static_cast<request_state*>(context);
    std::fprintf(stderr, "\rdigits %d of %d, step %d of %d ", state.digits_before, state.digits_total, seen.step + 1,
                 state.asked.steps);
    return 0;
}

int fail(status why) noexcept {
    std::fprintf(stderr, "ddim_digits: %s\n", ddim::message(why));
    return 1;
}

/// trailing starts from the noisiest timestep and takes any count of steps; the end is x0.
status build_plan(const digits::options& asked) noexcept {
    ddim::ddim_options options;
    options.eta = asked.eta;
    options.final = ddim::final_alpha::one;
    const auto list = ddim::spaced_timesteps<1000>(ddim::spacing::trailing, 1000, asked.steps);
    plan.steps = asked.steps;
    plan.state = ddim::fill_ddim_rows(schedule, list, options, plan.rows, 1000);
    return plan.state;
}

/// One run: digits digits_before .. + count - 1.
status make_digits(request_state& state, int count) noexcept {
    ddim::sampler_config config;
    config.plan = plan;
    config.dims = {count, pixels};
    config.mode = ddim::guidance::batched;
    config.guidance_scale = state.asked.guidance;
    config.arena = arena;
    config.model = {&denoise, &state};
    config.platform = ddim::host_backend();
    config.first_sample = state.digits_before;
    config.observer = {&show_progress, &state};
    ddim::sampler sampler;
    const status ready = sampler.init(config);
    if (ready != status::ok) return ready;
    const auto values = static_cast<std::size_t>(count) * pixels;
    return sampler.run({images + state.digits_before * pixels, values}, state.asked.seed);
}

void print_table(const request_state& state, double total_seconds, long heap_calls) noexcept {
    const double sampler_seconds = total_seconds - state.model_seconds;
    std::printf("\n%d digits, %d steps, guidance %g, eta %g, seed %llu\n", state.digits_total, state.asked.steps,
                static_cast<double>(state.asked.guidance), state.asked.eta,
                static_cast<unsigned long long>(state.asked.seed));
    std::printf("  time in the model     %10.3f ms\n", 1e3 * state.model_seconds);
    std::printf("  time in the sampler   %10.3f ms\n", 1e3 * sampler_seconds);
    std::printf("  arena                 %10zu bytes\n", sizeof arena);
    if (heap_counter::is_counting())
        std::printf("  heap calls in the run %10ld\n", heap_calls);
    else
        std::printf("  heap calls in the run   not counted in this build\n");
}

} // namespace

int main(int count, char** arguments) {
    digits::options asked;
    if (!digits::parse_options(count, arguments, asked)) return 2;
    if (asked.help) return std::fputs(digits::usage, stdout) < 0 ? 1 : 0;
    if (!digits::weights_are_whole()) {
        std::fprintf(stderr, "ddim_digits: the weights are not those of the denoiser\n");
        return 1;
    }
    const status planned = build_plan(asked);
    if (planned != status::ok) return fail(planned);

    request_state state{asked};
    state.digits_total = asked.class_count * asked.count;
    const long heap_before = heap_counter::calls();
    const double start = seconds_now();
    while (state.digits_before < state.digits_total) {
        const int left = state.digits_total - state.digits_before;
        const int now = left < batch ? left : batch;
        const status made = make_digits(state, now);
        if (made != status::ok) return fail(made);
        state.digits_before += now;
    }
    const double seconds = seconds_now() - start;
    const long heap_calls = heap_counter::calls() - heap_before;
    std::fprintf(stderr, "\rdigits %d of %d, done            \n", state.digits_before, state.digits_total);

    const digits::grid grid{images, asked.class_count, asked.count};
    digits::print_picture(grid);
    if (asked.out != nullptr && !digits::write_pgm(grid, asked.out)) {
        std::fprintf(stderr, "ddim_digits: cannot write %s\n", asked.out);
        return 1;
    }
    if (asked.out != nullptr) std::printf("\nwritten to %s\n", asked.out);
    print_table(state, seconds, heap_calls);
    return 0;
}
