#include "support/trajectory.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "ddim/solvers/ddim.hpp"
#include "support/arena.hpp"
#include "support/config.hpp"

namespace test_support {

namespace {

using ddim::guidance;
using ddim::spacing;
using ddim::status;

constexpr int capacity = 1000;
constexpr int most_steps = 100;

/// A case with what its run is made of.
struct detailed_case : trajectory_case {
    explicit detailed_case(const trajectory_case& run) : trajectory_case(run) {}

    const std::string& text(const char* column) const { return tables.cases.text(row, column); }
    double number(const char* column) const { return tables.cases.number(row, column); }
    int train_steps() const { return tables.cases.integer(row, "T"); }
    int asked_steps() const { return tables.cases.integer(row, "S"); }
    /// The bar of FORMAT.md: the reference's own distance from the same algorithm in double, four times.
    double tolerance() const { return 4.0 * number("max_err_vs_float64"); }
    bool uses_original_steps() const { return tables.cases.integer(row, "use_original_steps") == 1; }
    /// Asked for the last steps only; the reference then ran one fewer.
    bool is_partial() const { return !text("timesteps_arg").empty(); }
    double dropout() const { return number("noise_dropout"); }
    bool is_inpainting() const { return tables.cases.integer(row, "mask") == 1; }
    bool corrects_score() const { return !text("corrector_w").empty(); }
    bool rounds_x0() const { return tables.cases.integer(row, "quantize") == 1; }

    ddim::schedule<capacity> schedule() const {
        const std::string kind = text("schedule");
        if (kind == "cosine") return ddim::squaredcos_cap_v2_schedule<capacity>(0.008, train_steps());
        if (kind == "sqrt_linear") return ddim::linear_schedule<capacity>(0.00085, 0.012, train_steps());
        REQUIRE(kind == "linear");
        return ddim::scaled_linear_schedule<capacity>(0.00085, 0.012, train_steps());
    }
};

/// The timesteps that the reference visited, from traj/steps.csv.
std::vector<int> visited_timesteps(const detailed_case& run) {
    const golden::csv_table& steps = run.tables.steps;
    std::vector<int> visited;
    for (std::size_t row = 0; row < steps.size(); ++row)
        if (steps.text(row, "case") == run.name()) visited.push_back(steps.integer(row, "t"));
    return visited;
}

ddim::timesteps<most_steps> timesteps_of(const detailed_case& run) {
    if (run.uses_original_steps())
        return ddim::spaced_timesteps<most_steps>(spacing::leading, run.train_steps(), 100);
    const int asked = run.asked_steps();
    // Where the reference ran another count than its spacing promises, its own list is handed in.
    if (!run.is_partial() && asked != run.steps()) {
        const std::vector<int> visited = visited_timesteps(run);
        return ddim::listed_timesteps<most_steps>({visited.data(), visited.size()});
    }
    const spacing rule = run.text("method") == "quad" ? spacing::quad : spacing::uniform;
    return ddim::spaced_timesteps<most_steps>(rule, run.train_steps(), asked);
}

ddim::plan<most_steps> plan_of(const detailed_case& run) {
    ddim::ddim_options options;
    options.eta = run.number("eta");
    options.temperature = run.number("temperature");
    // The loop over all T steps reads the DDPM tables, whose alphas_cumprod_prev begins with 1.
    const ddim::final_alpha final = run.uses_original_steps() ? ddim::final_alpha::one : ddim::final_alpha::first;
    return ddim::ddim_plan<most_steps>(ddim::schedule_levels(run.schedule(), timesteps_of(run), final), options);
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

/// The case's options in the target's memory. `weight` is the score corrector's.
ddim::sampler_config config_of(const detailed_case& run, ddim::plan_view plan, guidance mode, target& on,
                               float& weight) {
    const std::size_t values = static_cast<std::size_t>(run.batch() * run.elements());
    const auto place = [&on](const std::vector<float>& data) {
        return ddim::span<const float>{on.place(data), data.size()};
    };
    ddim::sampler_config config =
        make_config(run.is_partial() ? ddim::last_steps(plan, run.steps()) : plan, {run.batch(), run.elements()}, {},
                    run.is_guided() ? mode : guidance::none);
    config.guidance_scale = run.is_guided() ? static_cast<float>(run.number("scale")) : 1.0f;
    config.backend = on.backend();
    config.initial = ddim::initial_state::given;
    config.step_noise = place(golden::gauss_of_steps(1000, run.steps(), values));
    config.noise_dropout = static_cast<float>(run.dropout());
    if (run.dropout() > 0.0)
        config.dropout_keep = place(golden::keep_of_steps(3000, run.steps(), run.dropout(), values));
    if (run.is_inpainting()) {
        std::vector<float> known = golden::gauss(2, values);
        for (float& value : known) value *= 0.5f;
        config.known = known_by(ddim::compvis_inpainting(), place(golden_mask(run.width())), place(known));
        config.known.given_noise = place(golden::gauss_of_steps(2000, run.steps(), values));
    }
    if (run.corrects_score()) {
        weight = static_cast<float>(run.number("corrector_w"));
        config.score_corrector = {on.score_corrector(), &weight};
    }
    if (run.rounds_x0()) config.x0_hook = {on.x0_hook(), nullptr};
    config.keeps_x0 = true;
    const std::size_t bytes = arena_bytes_of(config);
    config.arena = {on.lend(bytes), bytes};
    return config;
}

double difference(float a, double b) { return std::fabs(static_cast<double>(a) - b); }

double largest_difference(const float* a, const float* b, std::size_t count) {
    double largest = 0.0;
    for (std::size_t i = 0; i < count; ++i) {
        const double away = difference(a[i], static_cast<double>(b[i]));
        // Written so that a NaN counts as the largest of all.
        if (!(away <= largest)) largest = away;
    }
    return largest;
}

void check_steps(const detailed_case& run, const trajectory_outcome& result) {
    const golden::csv_table& steps = run.tables.steps;
    const std::size_t values = result.x.size();
    std::size_t entry = 1; // after x_T
    for (std::size_t row = 0; row < steps.size(); ++row) {
        if (steps.text(row, "case") != run.name()) continue;
        REQUIRE(entry * values < result.x_inter.size());
        CHECK(difference(result.x_inter[entry * values], steps.number(row, "x_after_flat0")) <= run.tolerance());
        // Early x0 are large (1 / sqrt(alphas_cumprod) = 13 at t = 981), and so is the rounding that they carry.
        const double x0 = steps.number(row, "pred_x0_flat0");
        CHECK(difference(result.pred_x0[entry * values], x0) <= run.tolerance() * std::fmax(1.0, std::fabs(x0)));
        ++entry;
    }
    CHECK(entry * values == result.x_inter.size());
}

/// Last x, then last x0: from their own file, or as the last entries of the lists of intermediates.
std::vector<float> expected_final(const detailed_case& run, std::size_t values) {
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

void check_final(const detailed_case& run, const trajectory_outcome& result) {
    const std::size_t values = result.x.size();
    const float* x0 = result.pred_x0.data() + (result.pred_x0.size() - values);
    if (run.is_large()) {
        const std::vector<double> entries = golden::read_doubles("traj/" + run.name() + ".entries64.npy");
        REQUIRE(entries.size() == 3 * 64);
        for (std::size_t i = 0; i < 64; ++i) {
            const std::size_t at = static_cast<std::size_t>(entries[i]);
            CHECK(difference(result.x[at], entries[64 + i]) <= run.tolerance());
            CHECK(difference(x0[at], entries[128 + i]) <= run.tolerance());
        }
        return;
    }
    const std::vector<float> expected = expected_final(run, values);
    REQUIRE(expected.size() == 2 * values);
    CHECK(largest_difference(result.x.data(), expected.data(), values) <= run.tolerance());
    CHECK(largest_difference(x0, expected.data() + values, values) <= run.tolerance());
}

} // namespace

trajectory_outcome run_trajectory(const trajectory_case& wanted, guidance mode, target& on) {
    const detailed_case run(wanted);
    const auto plan = plan_of(run);
    REQUIRE(plan.state == status::ok);
    golden::analytic_model model(run.train_steps(), run.batch(), run.width());
    float weight = 0.0f;
    ddim::sampler_config config = config_of(run, plan, mode, on, weight);
    REQUIRE(config.plan.steps == run.steps());
    config.model = on.analytic(model);

    const std::size_t values = static_cast<std::size_t>(run.batch() * run.elements());
    const std::size_t entries = static_cast<std::size_t>(ddim::intermediate_count(run.steps(), 1));
    const auto lend = [&on](std::size_t count) {
        return ddim::span<float>{reinterpret_cast<float*>(on.lend(count * sizeof(float))), count};
    };
    const ddim::span<float> x = lend(values), x_inter = lend(entries * values), pred_x0 = lend(entries * values);
    on.write(x.data, golden::gauss(1, values).data(), values * sizeof(float));
    ddim::intermediate_log log;
    REQUIRE(log.init(run.steps(), config.dims, 1, x_inter, pred_x0, on.copy()) == status::ok);
    config.observer = log.observer();

    ddim::sampler sampler;
    REQUIRE(sampler.init(config) == status::ok);
    REQUIRE(on.run(sampler, x, 0) == status::ok);
    CHECK(log.count() == static_cast<int>(entries));
    CHECK(on.is_undamaged());
    return {on.read_floats(x.data, x.size), on.read_floats(x_inter.data, x_inter.size),
            on.read_floats(pred_x0.data, pred_x0.size)};
}

void check_trajectory(const trajectory_case& wanted, const trajectory_outcome& result) {
    const detailed_case run(wanted);
    check_final(run, result);
    if (run.name() != "ref_log5_S50") check_steps(run, result); // ref_S50_w7.5_eta0 with another log
}

} // namespace test_support
