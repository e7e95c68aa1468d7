// From noise to handwritten digits: the library's sampler around a small trained denoiser, on a GPU or on the CPU.
//
//     options -> plan -> request      here, digits/options.cpp, digits/request.hpp
//             -> run                  digits/host_run.cpp, digits/cuda_run.cu
//             -> picture, table       digits/picture.cpp, here
#include <unistd.h>

#include <cstdio>

#include "ddim/solvers/ddim.hpp"
#include "digits/backends.hpp"
#include "digits/picture.hpp"
#include "support/heap_counter.hpp"

namespace {

using ddim::status;
using digits::outcome;
using digits::report;
using digits::request;

constexpr auto schedule = ddim::scaled_linear_schedule<1000>(0.00085, 0.012); // of the denoiser's training

ddim::step_row rows[digits::most_steps]; // filled at run time: the number of steps is an option
ddim::plan_view plan;
float images[digits::most_digits * digits::pixels];

int fail(const outcome& why) noexcept {
    const bool has_detail = why.detail != nullptr;
    std::fprintf(stderr, "ddim_digits: %s%s%s\n", ddim::message(why.state), has_detail ? ": " : "",
                 has_detail ? why.detail : "");
    return 1;
}

/// trailing starts from the noisiest timestep and takes any count of steps; the end is x0.
status build_plan(const digits::options& asked) noexcept {
    ddim::ddim_options options;
    options.eta = asked.eta;
    const auto list = ddim::spaced_timesteps<digits::most_steps>(ddim::spacing::trailing, 1000, asked.steps);
    plan = ddim::fill_ddim_rows(ddim::schedule_levels(schedule, list, ddim::final_alpha::one), options, rows);
    return plan.state;
}

/// On the backend that was asked for. auto takes the host where no GPU can be used, and says why.
outcome make_digits(const request& order, report& result) noexcept {
    if (order.asked.backend == digits::backend_kind::host) return run_on_host(order, result);
    outcome end;
    if constexpr (digits::has_cuda) {
        end = run_on_cuda(order, result);
        if (order.asked.backend == digits::backend_kind::cuda || end.state != status::backend_unavailable) return end;
    }
    const char* reason = digits::has_cuda ? end.detail : "not in this build";
    end = run_on_host(order, result);
    std::snprintf(result.place, sizeof result.place, "host (cuda: %s)", reason);
    return end;
}

void print_table(const request& order, const report& result) noexcept {
    std::printf("\n%d digits, %d steps, guidance %g, eta %g, seed %llu\n", order.digits, order.asked.steps,
                static_cast<double>(order.asked.guidance), order.asked.eta,
                static_cast<unsigned long long>(order.asked.seed));
    std::printf("  backend               %s\n", result.place);
    for (const report::duration& each : result.durations)
        std::printf("  %-21s %10.3f ms\n", each.label, 1e3 * each.seconds);
    std::printf("  arena                 %10zu bytes\n", result.arena_bytes);
    for (const report::heap_use& each : result.heap) {
        if (each.label == nullptr) continue;
        if (heap_counter::is_counting())
            std::printf("  %-21s %10ld%s\n", each.label, each.calls, each.whose);
        else
            std::printf("  %-21s   not counted in this build\n", each.label);
    }
}

} // namespace

int main(int count, char** arguments) {
    digits::options asked;
    if (!digits::parse_options(count, arguments, asked)) return 2;
    if (asked.help) return std::fputs(digits::usage, stdout) < 0 ? 1 : 0;
    if (asked.backend == digits::backend_kind::cuda && !digits::has_cuda) {
        std::fprintf(stderr, "ddim_digits: --backend cuda: this build has no CUDA\n");
        return 2;
    }
    if (!digits::weights_are_whole()) {
        std::fprintf(stderr, "ddim_digits: the weights are not those of the denoiser\n");
        return 1;
    }
    const status planned = build_plan(asked);
    if (planned != status::ok) return fail({planned});

    const bool shows_progress = isatty(STDERR_FILENO) != 0;
    const request order{asked, plan, asked.class_count * asked.count, images, shows_progress};
    report result;
    const outcome end = make_digits(order, result);
    if (end.state != status::ok) return fail(end);
    if (shows_progress) std::fprintf(stderr, "\rdigits %d of %d, done            \n", order.digits, order.digits);

    const digits::grid grid{images, asked.class_count, asked.count};
    digits::print_picture(grid);
    if (asked.out != nullptr && !digits::write_pgm(grid, asked.out)) {
        std::fprintf(stderr, "ddim_digits: cannot write %s\n", asked.out);
        return 1;
    }
    if (asked.out != nullptr) std::printf("\nwritten to %s\n", asked.out);
    print_table(order, result);
    return 0;
}
