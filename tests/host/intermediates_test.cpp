// The reference's intermediates: which steps are logged, how many entries, and their values.
#include "ddim/intermediates.hpp"
#include "support/config.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "support/golden.hpp"
#include "support/run.hpp"

namespace {

using ddim::intermediate_count;
using ddim::intermediate_log;
using ddim::status;
using test_support::make_config;
using test_support::run_config;
using test_support::schedule;
using test_support::view;

/// The reference's rule, line by line: the loop's steps i that are logged, after x_T as -1.
std::vector<int> logged_by_the_reference(int total_steps, int log_every_t) {
    std::vector<int> logged{-1};
    for (int i = 0; i < total_steps; ++i) {
        const int index = total_steps - i - 1;
        if (index % log_every_t == 0 || index == total_steps - 1) logged.push_back(i);
    }
    return logged;
}

int halve(void*, const ddim::model_call& call) noexcept {
    for (std::int64_t i = 0; i < call.rows * call.elements; ++i)
        static_cast<float*>(call.output)[i] = 0.5f * static_cast<const float*>(call.input)[i];
    return 0;
}

/// Everything that an observer sees, and the log beside it.
struct witness {
    intermediate_log log;
    std::size_t values = 0;
    std::vector<std::vector<float>> x;  ///< x_T first
    std::vector<std::vector<float>> x0; ///< none for x_T

    static int observe(void* context, const ddim::observation& seen) noexcept {
        witness& self = *static_cast<witness*>(context);
        self.x.emplace_back(seen.x, seen.x + self.values);
        if (seen.x0 != nullptr) self.x0.emplace_back(seen.x0, seen.x0 + self.values);
        const ddim::observer_ref logger = self.log.observer();
        return logger.function(logger.context, seen);
    }
};

ddim::sampler_config small_config(ddim::plan_view plan) {
    ddim::sampler_config config = make_config(plan, {2, 3}, {&halve, nullptr});
    config.keeps_x0 = true;
    return config;
}

/// A run with every entry of both lists checked against what an observer saw at the reference's steps.
void check_log(ddim::sampler_config config, int log_every_t) {
    witness seen;
    seen.values = 6;
    const int entries = intermediate_count(config.plan.steps, log_every_t);
    std::vector<float> x_inter(6 * static_cast<std::size_t>(entries)), pred_x0 = x_inter;
    REQUIRE(seen.log.init(config.plan.steps, config.dims, log_every_t, {x_inter.data(), x_inter.size()},
                          {pred_x0.data(), pred_x0.size()}) == status::ok);
    config.observer = {&witness::observe, &seen, true};
    std::vector<float> x(6);
    REQUIRE(run_config(config, x) == status::ok);

    const std::vector<int> expected = logged_by_the_reference(config.plan.steps, log_every_t);
    REQUIRE(seen.log.count() == static_cast<int>(expected.size()));
    REQUIRE(seen.log.count() == entries);
    for (std::size_t entry = 0; entry < expected.size(); ++entry) {
        const auto at = static_cast<std::ptrdiff_t>(6 * entry);
        const std::size_t step = static_cast<std::size_t>(expected[entry] + 1);
        REQUIRE(std::equal(seen.x[step].begin(), seen.x[step].end(), x_inter.begin() + at));
        const std::vector<float>& x0 = entry == 0 ? seen.x[0] : seen.x0[step - 1]; // pred_x0[0] is x_T, too
        REQUIRE(std::equal(x0.begin(), x0.end(), pred_x0.begin() + at));
    }
}

struct golden_log {
    const char* name;
    int steps;
    double eta;
    int log_every_t;
    double tolerance; ///< four times traj/cases.csv's max_err_vs_float64
};

} // namespace

TEST_CASE("intermediate_count is the length of the reference's lists, for all small numbers") {
    for (int steps = 1; steps <= 130; ++steps)
        for (int every = 1; every <= 140; ++every)
            REQUIRE(intermediate_count(steps, every) ==
                    static_cast<int>(logged_by_the_reference(steps, every).size()));
    constexpr int most = std::numeric_limits<int>::max();
    CHECK(intermediate_count(50, most) == 3);
    CHECK(intermediate_count(1, most) == 2);
    for (const int bad : {0, -1, -most}) {
        CHECK(intermediate_count(bad, 1) == 0);
        CHECK(intermediate_count(1, bad) == 0);
    }
}

TEST_CASE("intermediate_count is the n_intermediates of every golden run") {
    const golden::csv_table cases = golden::read_csv("traj/cases.csv");
    for (std::size_t row = 0; row < cases.size(); ++row)
        CHECK(intermediate_count(cases.integer(row, "steps_run"), cases.integer(row, "log_every_t")) ==
              cases.integer(row, "n_intermediates"));
}

TEST_CASE("the log holds what an observer sees at exactly the reference's steps") {
    for (int steps = 1; steps <= 9; ++steps) {
        const auto list = ddim::spaced_timesteps<9>(ddim::spacing::leading, 1000, steps);
        const auto plan = ddim::ddim_plan<9>(ddim::schedule_levels(schedule, list), {1.0});
        for (int every = 1; every <= 11; ++every) check_log(small_config(plan), every);
    }
}

TEST_CASE("under inpainting the log holds the state before the blend, as in the reference") {
    static constexpr auto plan = ddim::ddim_plan<5>(schedule, {1.0});
    const std::vector<float> mask{1.0f, 0.0f, 0.5f}, known(6, 9.0f);
    ddim::sampler_config config = small_config(plan);
    config.known = test_support::known_by(ddim::compvis_inpainting(), view(mask), view(known));
    for (int every = 1; every <= 6; ++every) check_log(config, every);

    // x_T is the noise itself, also where the mask keeps.
    float x_inter[6 * intermediate_count(5, 100)], pred_x0[6 * intermediate_count(5, 100)];
    intermediate_log log;
    REQUIRE(log.init(5, config.dims, 100, x_inter, pred_x0) == status::ok);
    config.observer = log.observer();
    std::vector<float> x(6);
    REQUIRE(run_config(config, x, 3) == status::ok);
    for (std::uint32_t i = 0; i < 6; ++i)
        CHECK(x_inter[i] == ddim::normals_at(3, 0, i / 3, 0, ddim::noise_purpose::initial).value[i % 3]);
}

TEST_CASE("the capacity is an array's bound, and nothing behind it is written") {
    static constexpr auto plan = ddim::ddim_plan<10>(schedule);
    constexpr std::size_t capacity = 6 * intermediate_count(plan.steps, 3);
    float x_inter[capacity + 1], pred_x0[capacity + 1];
    x_inter[capacity] = pred_x0[capacity] = -77.0f;
    intermediate_log log;
    REQUIRE(log.init(10, {2, 3}, 3, {x_inter, capacity}, {pred_x0, capacity}) == status::ok);
    ddim::sampler_config config = small_config(plan);
    config.observer = log.observer();
    std::vector<float> x(6);
    for (int run = 0; run < 2; ++run) { // a second run starts the log anew
        REQUIRE(run_config(config, x) == status::ok);
        CHECK(log.count() == 5);
        CHECK(std::equal(x.begin(), x.end(), x_inter + 6 * 4)); // the last entry is the result
        CHECK(x_inter[capacity] == -77.0f);
        CHECK(pred_x0[capacity] == -77.0f);
    }
}

TEST_CASE("a run that the log was not made for is stopped before anything is logged") {
    static constexpr auto plan = ddim::ddim_plan<10>(schedule);
    constexpr std::size_t capacity = 12 * intermediate_count(11, 1);
    float x_inter[capacity], pred_x0[capacity];
    std::fill(x_inter, x_inter + capacity, -77.0f);
    intermediate_log log;
    ddim::sampler_config config = small_config(plan);
    config.observer = log.observer();
    std::vector<float> x(6);
    CHECK(run_config(config, x) == status::stopped); // never initialised
    struct other_run {
        int steps;
        ddim::shape dims;
    };
    for (const other_run& other : {other_run{9, {2, 3}}, {11, {2, 3}}, {10, {1, 3}}, {10, {2, 6}}}) {
        CAPTURE(other.steps);
        CAPTURE(other.dims.batch);
        REQUIRE(log.init(other.steps, other.dims, 1, {x_inter, capacity}, {pred_x0, capacity}) == status::ok);
        CHECK(run_config(config, x) == status::stopped);
        CHECK(log.count() == 0);
        CHECK(x_inter[0] == -77.0f);
    }
    REQUIRE(log.init(10, {2, 3}, 1, {x_inter, capacity}, {pred_x0, capacity}) == status::ok);
    CHECK(run_config(config, x) == status::ok);
    config.keeps_x0 = false; // nothing to put into pred_x0
    CHECK(run_config(config, x) == status::stopped);
    CHECK(log.count() == 1);
}

TEST_CASE("x_inter and pred_x0 are the reference's lists") {
    const golden_log cases[] = {{"ref_S10_w7.5_eta0", 10, 0.0, 1, 4 * 4.2e-06},
                                {"ref_S10_w7.5_eta1", 10, 1.0, 3, 4 * 5.11e-06},
                                {"ref_S50_w7.5_eta0", 50, 0.0, 10, 4 * 6.05e-06}};
    constexpr std::size_t values = 3 * 256;
    for (const golden_log& expected : cases) {
        const std::string name = expected.name;
        CAPTURE(name);
        const std::vector<float> x_inter = golden::read_floats("traj/" + name + ".x_inter.npy");
        const std::vector<float> pred_x0 = golden::read_floats("traj/" + name + ".pred_x0.npy");
        const int entries = intermediate_count(expected.steps, expected.log_every_t);
        REQUIRE(x_inter.size() == values * static_cast<std::size_t>(entries));
        REQUIRE(pred_x0.size() == x_inter.size());

        const auto list = ddim::spaced_timesteps<50>(ddim::spacing::uniform, 1000, expected.steps);
        const auto plan = ddim::ddim_plan<50>(ddim::schedule_levels(schedule, list), {expected.eta});
        golden::analytic_model model(1000, 3, 8);
        const std::vector<float> noise = golden::gauss_of_steps(1000, expected.steps, values);
        std::vector<float> x = golden::gauss(1, values), got_x(x_inter.size()), got_x0(x_inter.size());
        intermediate_log log;
        REQUIRE(log.init(expected.steps, {3, 256}, expected.log_every_t, {got_x.data(), got_x.size()},
                         {got_x0.data(), got_x0.size()}) == status::ok);
        ddim::sampler_config config =
            make_config(plan, {3, 256}, {&golden::analytic_model::call, &model}, ddim::guidance::batched);
        config.guidance_scale = 7.5f;
        config.initial = ddim::initial_state::given;
        config.step_noise = view(noise);
        config.observer = log.observer();
        config.keeps_x0 = true;
        REQUIRE(run_config(config, x) == status::ok);

        REQUIRE(log.count() == entries);
        for (std::size_t i = 0; i < x_inter.size(); ++i) {
            // Early x0 are large (1 / sqrt(alphas_cumprod) = 13 at t = 981), and so is the rounding that they carry.
            const double x0 = static_cast<double>(pred_x0[i]);
            REQUIRE(std::fabs(static_cast<double>(got_x[i]) - static_cast<double>(x_inter[i])) <= expected.tolerance);
            REQUIRE(std::fabs(static_cast<double>(got_x0[i]) - x0) <=
                    expected.tolerance * std::fmax(1.0, std::fabs(x0)));
        }
        for (std::size_t i = 0; i < values; ++i) {
            REQUIRE(got_x[i] == x_inter[i]); // entry 0 is x_T, in both lists
            REQUIRE(got_x0[i] == got_x[i]);
        }
    }
}
