#include "trace/solver_runs.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <memory>

#include "support/arena.hpp"
#include "support/golden.hpp"
#include "trace/solver_words.hpp"

namespace trace_test {

namespace {

using golden::solver_case;

/// A copy in the target's memory.
void* lend_copy(const ddim::dynamic_thresholding& values, test_support::target& on) {
    std::byte* const copied = on.lend(sizeof values);
    on.write(copied, &values, sizeof values);
    return copied;
}

} // namespace

ddim::plan_view make_plan(const solver_case& run, trace::options& asked, trace::tables& tables) {
    words line = solver_words(run);
    line.insert(line.begin(), "ddim_trace");
    append(line, {"--shape", "4,3,8,8", "--model", "rational"}); // a start scale asks for a run
    std::vector<char*> arguments;
    for (std::string& word : line) arguments.push_back(word.data());
    REQUIRE(trace::parse_options(static_cast<int>(arguments.size()), arguments.data(), asked));
    REQUIRE(trace::fill_betas(asked, tables));
    REQUIRE(trace::fill_plan(asked, tables));
    return tables.plan;
}

std::vector<float> run_solver_case(const solver_case& run, const solver_parts& parts, test_support::target& on) {
    trace::options asked;
    const auto tables = std::make_unique<trace::tables>();
    const std::vector<float> noise = golden::gauss(1, solver_case::values);
    ddim::sampler_config config;
    config.plan = make_plan(run, asked, *tables);
    REQUIRE(config.plan.steps == run.calls);
    config.dims = {4, 3 * 8 * 8};
    config.model = parts.rational;
    config.backend = on.backend();
    const bool starts_from_x = run.scheduler == "DDIMInverseScheduler";
    config.initial = starts_from_x ? ddim::initial_state::given : ddim::initial_state::drawn;
    if (!starts_from_x) config.initial_noise = {on.place(noise), noise.size()};
    if (run.draws()) {
        const std::vector<float> steps = golden::gauss_of_steps(1000, run.calls, solver_case::values);
        config.step_noise = {on.place(steps), steps.size()};
    }
    if (asked.threshold) config.x0_hook = {parts.threshold_x0, lend_copy(*asked.threshold, on)};
    const std::size_t bytes = test_support::arena_bytes_of(config);
    config.arena = {on.lend(bytes), bytes};
    const ddim::span<float> x{reinterpret_cast<float*>(on.lend(noise.size() * sizeof(float))), noise.size()};
    on.write(x.data, noise.data(), noise.size() * sizeof(float));

    ddim::sampler sampler;
    REQUIRE(sampler.init(config) == ddim::status::ok);
    REQUIRE(on.run(sampler, x, 0) == ddim::status::ok);
    CHECK(on.is_undamaged());
    return on.read_floats(x.data, x.size);
}

void check_final(const solver_case& run, const std::vector<float>& x) {
    const std::vector<float> want = run.final();
    REQUIRE(x.size() == want.size());
    double largest = 0.0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double difference = std::fabs(static_cast<double>(x[i]) - static_cast<double>(want[i]));
        if (!(difference <= largest)) largest = difference;
    }
    CHECK(largest <= run.tolerance());
}

} // namespace trace_test
