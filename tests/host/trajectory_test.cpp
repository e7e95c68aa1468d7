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
constexpr int most_steps = 100;

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
    bool uses_original_steps() const { return table.integer(row, "use_original_steps") == 1; }
    /// Asked for the last steps only; the reference then ran one fewer.
    bool is_partial() const { return !table.text(row, "timesteps_arg").empty(); }
    double dropout() const { return table.number(row, "noise_dropout"); }
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
    if (run.uses_original_steps())
        return ddim::spaced_timesteps<most_steps>(spacing::leading, run.train_steps(), 100);
    const int asked = run.table.integer(run.row, "S");
    // Where the reference ran another count than its spacing promises, its own list is handed in.
    if (!run.is_partial() && asked != run.steps()) {
        const std::vector<int> visited = visited_timesteps(steps, run.name());
        return ddim::listed_timesteps<most_steps>({visited.data(), visited.size()});
    }
    const spacing rule = run.table.text(run.row, "method") == "quad" ? spacing::quad : spacing::uniform;
    return ddim::spaced_timesteps<most_steps>(rule, run.train_steps(), asked);
}

ddim::plan<most_steps> plan_of(const trajectory_case& run, const golden::csv_table& steps) {
    ddim::ddim_options options;
    options.eta = run.table.number(run.row, "eta");
    options.temperature = run.table.number(run.row, "temperature");
    // The loop over all T steps reads the DDPM tables, whose alphas_cumprod_prev begins with 1.
    if (run.uses_original_steps()) options.final = ddim::final_alpha::one;
    return ddim::ddim_plan(run.schedule(), timesteps_of(run, steps), options);
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

/// The score corrector of the golden cases: e += w x.
int add_scaled_state(void* context, const ddim::hook_call& call) noexcept {
    const float weight = *static_cast<const float*>(context);
    for (std::int64_t i = 0; i < call.batch * call.elements; ++i) call.values[i] += weight * call.x[i];
    return 0;
}

/// The x0 hook of the golden cases: to the nearest eighth.
int round_to_eighths(void*, const ddim::hook_call& call) noexcept {
    for (std::int64_t i = 0; i < call.batch * call.elements; ++i)
        call.values[i] = std::rint(call.values[i] * 8.0f) / 8.0f;
    return 0;
}

/// The golden mask [1, 1, height, width]: 1 left of the middle, a half in it, 0 right of it.
std::vector<float> golden_mask(std::int64_t width) {
    std::vector<float> mask;
    for (std::int64_t i = 0; i < width * width; ++i) {
        const std::int64_t column = i % width;
        mask.push_back(column < width / 2 ? 1.0f : (column == width / 2 ? 0.5f : 0.0f));
    }
    return mask;
}

outcome run_case(const trajectory_case& run, const golden::csv_table& steps, guidance mode) {
    const auto plan = plan_of(run, steps);
    REQUIRE(plan.state == status::ok);
    golden::analytic_model model(run.train_steps(), run.batch(), run.width());
    const std::size_t values = static_cast<std::size_t>(run.batch() * run.elements());
    const std::vector<float> noise = golden::gauss_of_steps(1000, run.steps(), values);
    const std::vector<float> keep = golden::keep_of_steps(3000, run.steps(), run.dropout(), values);
    const std::vector<float> mask_noise = golden::gauss_of_steps(2000, run.steps(), values);
    const std::vector<float> mask = golden_mask(run.width());
    std::vector<float> known = golden::gauss(2, values);
    for (float& value : known) value *= 0.5f;
    float corrector_weight = static_cast<float>(run.table.number(run.row, "corrector_w"));

    outcome result{golden::gauss(1, values), {}};
    result.seen.values = values;
    ddim::sampler_config config;
    config.plan = run.is_partial() ? ddim::last_steps(plan, run.steps()) : ddim::plan_view(plan);
    REQUIRE(config.plan.steps == run.steps());
    config.dims = {run.batch(), run.elements()};
    config.mode = run.is_guided() ? mode : guidance::none;
    config.guidance_scale = run.is_guided() ? static_cast<float>(run.table.number(run.row, "scale")) : 1.0f;
    config.model = {&golden::analytic_model::call, &model};
    config.platform = ddim::host_backend();
    config.initial = ddim::initial_state::given;
    config.step_noise = {noise.data(), noise.size()};
    config.noise_dropout = static_cast<float>(run.dropout());
    config.dropout_keep = {keep.data(), keep.size()};
    if (run.table.integer(run.row, "mask") == 1) {
        config.known = ddim::compvis_inpainting({mask.data(), mask.size()}, {known.data(), known.size()});
        config.known.given_noise = {mask_noise.data(), mask_noise.size()};
    }
    if (!run.table.text(run.row, "corrector_w").empty())
        config.score_corrector = {&add_scaled_state, &corrector_weight};
    if (run.table.integer(run.row, "quantize") == 1) config.x0_hook = {&round_to_eighths, nullptr};
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
    std::string name = run.name();
    if (name == "ref_log5_S50") name = "ref_S50_w7.5_eta0";
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

} // namespace

TEST_CASE("every trajectory of the reference, to four times its own rounding error") {
    const golden::csv_table cases = golden::read_csv("traj/cases.csv");
    const golden::csv_table steps = golden::read_csv("traj/steps.csv");
    golden::fingerprint bits; // as in bits_test.cpp
    int ran = 0;
    for (std::size_t row = 0; row < cases.size(); ++row) {
        const trajectory_case run{cases, row};
        CAPTURE(run.name());
        const outcome result = run_case(run, steps, guidance::batched);
        bits.add(result.x.data(), result.x.size());
        check_final(run, result);
        if (run.name() != "ref_log5_S50") check_steps(run, steps, result.seen); // ref_S50_w7.5_eta0 with another log
        ++ran;
        if (run.is_guided()) {
            const outcome sequential = run_case(run, steps, guidance::sequential);
            CHECK(sequential.x == result.x); // two calls or one: the same bits
        }
    }
    CHECK(ran == 38);
    CHECK(bits.value() == 0x3B012C6AB80F6314);
}
