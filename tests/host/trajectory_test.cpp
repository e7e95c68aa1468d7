// Whole runs through the public API against the reference's trajectories.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "ddim/host.hpp"
#include "support/arena.hpp"
#include "support/golden.hpp"

namespace {

using ddim::guidance;
using ddim::spacing;
using ddim::status;

constexpr int capacity = 1000;
constexpr int most_steps = 50;

/// One line of traj/cases.csv.
struct trajectory_case {
    const golden::csv_table& table;
    std::size_t row;

    std::string name() const { return table.text(row, "name"); }
    bool is_large() const { return table.text(row, "shape") == "2x4x64x64"; }
    std::int64_t batch() const { return is_large() ? 2 : 3; }
    std::int64_t width() const { return is_large() ? 64 : 8; }
    std::int64_t elements() const { return 4 * width() * width(); }
    int train_steps() const { return table.integer(row, "T"); }
    int steps() const { return table.integer(row, "steps_run"); }
    /// The bar of FORMAT.md: the reference's own distance from the same algorithm in double, four times.
    double tolerance() const { return 4.0 * table.number(row, "max_err_vs_float64"); }
    bool is_guided() const { return table.integer(row, "uc_given") == 1; }

    ddim::schedule<capacity> schedule() const {
        const std::string kind = table.text(row, "schedule");
        if (kind == "cosine") return ddim::squaredcos_cap_v2_schedule<capacity>(0.008, train_steps());
        if (kind == "sqrt_linear") return ddim::linear_schedule<capacity>(0.00085, 0.012, train_steps());
        REQUIRE(kind == "linear");
        return ddim::scaled_linear_schedule<capacity>(0.00085, 0.012, train_steps());
    }
};

/// The timesteps that the reference visited, from traj/steps.csv.
std::vector<int> visited_timesteps(const golden::csv_table& steps, const std::string& name) {
    std::vector<int> visited;
    for (std::size_t row = 0; row < steps.size(); ++row)
        if (steps.text(row, "case") == name) visited.push_back(steps.integer(row, "t"));
    return visited;
}

ddim::timesteps<most_steps> timesteps_of(const trajectory_case& run, const golden::csv_table& steps) {
    // Where the reference ran another count than asked, its own list is handed in.
    if (run.table.integer(run.row, "S") != run.steps()) {
        const std::vector<int> visited = visited_timesteps(steps, run.name());
        return ddim::listed_timesteps<most_steps>({visited.data(), visited.size()});
    }
    const spacing rule = run.table.text(run.row, "method") == "quad" ? spacing::quad : spacing::uniform;
    return ddim::spaced_timesteps<most_steps>(rule, run.train_steps(), run.steps());
}

/// What the observer keeps: x[0] and x0[0] of each step, and the last x0.
struct recording {
    std::size_t values = 0;
    std::vector<float> x_first;
    std::vector<float> x0_first;
    std::vector<float> x0_last;

    static int observe(void* context, const ddim::observation& seen) noexcept {
        recording& self = *static_cast<recording*>(context);
        self.x_first.push_back(seen.x[0]);
        self.x0_first.push_back(seen.x0[0]);
        self.x0_last.assign(seen.x0, seen.x0 + self.values);
        return 0;
    }
};

struct outcome {
    std::vector<float> x;
    recording seen;
};

outcome run_case(const trajectory_case& run, const golden::csv_table& steps, guidance mode) {
    const auto plan = ddim::ddim_plan(run.schedule(), timesteps_of(run, steps), {run.table.number(run.row, "eta")});
    REQUIRE(plan.state == status::ok);
    REQUIRE(plan.steps == run.steps());
    golden::analytic_model model(run.train_steps(), run.batch(), run.width());
    const std::size_t values = static_cast<std::size_t>(run.batch() * run.elements());
    std::vector<float> noise;
    for (int k = 0; k < run.steps(); ++k) {
        const std::vector<float> step = golden::gauss(1000 + static_cast<std::uint32_t>(k), values);
        noise.insert(noise.end(), step.begin(), step.end());
    }

    outcome result{golden::gauss(1, values), {}};
    result.seen.values = values;
    ddim::sampler_config config;
    config.plan = plan;
    config.dims = {run.batch(), run.elements()};
    config.mode = run.is_guided() ? mode : guidance::none;
    config.guidance_scale = run.is_guided() ? static_cast<float>(run.table.number(run.row, "scale")) : 1.0f;
    config.model = {&golden::analytic_model::call, &model};
    config.platform = ddim::host_backend();
    config.initial = ddim::initial_state::given;
    config.step_noise = {noise.data(), noise.size()};
    config.observer = {&recording::observe, &result.seen};
    config.keeps_x0 = true;
    test_support::guarded_arena arena(test_support::arena_bytes_of(config));
    config.arena = arena.view();
    ddim::sampler sampler;
    REQUIRE(sampler.init(config) == status::ok);
    REQUIRE(sampler.run({result.x.data(), result.x.size()}, 0) == status::ok);
    CHECK(arena.guards_are_intact());
    return result;
}

double largest_difference(const std::vector<float>& a, const float* b) {
    double largest = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const double difference = std::fabs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
        // Written so that a NaN counts as the largest of all.
        if (!(difference <= largest)) largest = difference;
    }
    return largest;
}

void check_steps(const trajectory_case& run, const golden::csv_table& steps, const recording& seen) {
    std::size_t step = 0;
    for (std::size_t row = 0; row < steps.size(); ++row) {
        if (steps.text(row, "case") != run.name()) continue;
        REQUIRE(step < seen.x_first.size());
        CHECK(std::fabs(static_cast<double>(seen.x_first[step]) - steps.number(row, "x_after_flat0")) <=
              run.tolerance());
        // Early x0 are large (1 / sqrt(alphas_cumprod) = 13 at t = 981), and so is the rounding that they carry.
        const double x0 = steps.number(row, "pred_x0_flat0");
        CHECK(std::fabs(static_cast<double>(seen.x0_first[step]) - x0) <=
              run.tolerance() * std::fmax(1.0, std::fabs(x0)));
        ++step;
    }
    CHECK(step == seen.x_first.size());
}

/// Last x, then last x0: from their own file, or as the last entries of the lists of intermediates.
std::vector<float> expected_final(const trajectory_case& run, std::size_t values) {
    const std::string name = run.name();
    if (name != "ref_S10_w7.5_eta0" && name != "ref_S10_w7.5_eta1" && name != "ref_S50_w7.5_eta0")
        return golden::read_floats("traj/" + name + ".final.npy");
    const std::vector<float> x = golden::read_floats("traj/" + name + ".x_inter.npy");
    const std::vector<float> x0 = golden::read_floats("traj/" + name + ".pred_x0.npy");
    std::vector<float> last(x.end() - static_cast<std::ptrdiff_t>(values), x.end());
    last.insert(last.end(), x0.end() - static_cast<std::ptrdiff_t>(values), x0.end());
    return last;
}

void check_final(const trajectory_case& run, const outcome& result) {
    if (run.is_large()) {
        const std::vector<double> entries = golden::read_doubles("traj/" + run.name() + ".entries64.npy");
        REQUIRE(entries.size() == 3 * 64);
        for (std::size_t i = 0; i < 64; ++i) {
            const std::size_t at = static_cast<std::size_t>(entries[i]);
            CHECK(std::fabs(static_cast<double>(result.x[at]) - entries[64 + i]) <= run.tolerance());
            CHECK(std::fabs(static_cast<double>(result.seen.x0_last[at]) - entries[128 + i]) <= run.tolerance());
        }
        return;
    }
    const std::vector<float> expected = expected_final(run, result.x.size());
    REQUIRE(expected.size() == 2 * result.x.size());
    CHECK(largest_difference(result.x, expected.data()) <= run.tolerance());
    CHECK(largest_difference(result.seen.x0_last, expected.data() + result.x.size()) <= run.tolerance());
}

/// Cases without temperature and noise dropout. ref_log5_S50 is ref_S50_w7.5_eta0 with another log.
bool is_plain(const trajectory_case& run) {
    return run.table.text(run.row, "code") == "reference" && run.table.number(run.row, "temperature") == 1.0 &&
           run.table.number(run.row, "noise_dropout") == 0.0 && run.name() != "ref_log5_S50";
}

} // namespace

TEST_CASE("every plain trajectory of the reference, to four times its own rounding error") {
    const golden::csv_table cases = golden::read_csv("traj/cases.csv");
    const golden::csv_table steps = golden::read_csv("traj/steps.csv");
    int ran = 0;
    for (std::size_t row = 0; row < cases.size(); ++row) {
        const trajectory_case run{cases, row};
        if (!is_plain(run)) continue;
        CAPTURE(run.name());
        const outcome result = run_case(run, steps, guidance::batched);
        check_final(run, result);
        check_steps(run, steps, result.seen);
        ++ran;
        if (run.is_guided()) {
            const outcome sequential = run_case(run, steps, guidance::sequential);
            CHECK(sequential.x == result.x); // two calls or one: the same bits
        }
    }
    CHECK(ran == 25);
}
