// The sampler's buffers (make_schedule of the reference), for every number of steps, and the loop over all timesteps.
#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "ddim/solvers/ddim.hpp"
#include "support/config.hpp"
#include "support/golden.hpp"

namespace {

using ddim::ddpm_buffer;
using ddim::final_alpha;
using ddim::spacing;
using ddim::status;
using test_support::wide;

constexpr int capacity = 1000;
constexpr double ulp = 0x1p-24; ///< relative error of one rounding to float32

ddim::beta_table<capacity> betas_of(int train_steps) { return ddim::betas<capacity>({}, train_steps); }

/// Row 1 of the reference's registered buffers.
std::vector<float> golden_alphas_cumprod(int train_steps) {
    const std::string name = train_steps == 1000 ? "linear" : "linear_T100";
    const std::vector<float> all = golden::read_floats("sched/" + name + ".f32.npy");
    const auto row = all.begin() + static_cast<int>(ddpm_buffer::alphas_cumprod) * train_steps;
    return {row, row + train_steps};
}

/// The reference's make_ddim_timesteps, ascending: as Python's range() and numpy's linspace() count.
std::vector<int> reference_timesteps(const std::string& method, int train_steps, int steps) {
    std::vector<int> list;
    if (method == "uniform") {
        for (int t = 0; t < train_steps; t += train_steps / steps) list.push_back(t + 1);
        return list;
    }
    const double end = std::sqrt(train_steps * 0.8);
    for (int i = 0; i < steps; ++i) {
        const double root = steps == 1 ? 0.0 : (i == steps - 1 ? end : i * (end / (steps - 1)));
        list.push_back(static_cast<int>(root * root) + 1);
    }
    return list;
}

/// The reference's make_ddim_sampling_parameters at one index, in its own mix of float32 and float64 (FORMAT.md).
double reference_sigma(float a, float a_prev, double eta) {
    const double prev = wide(a_prev);
    return eta * std::sqrt((1.0 - prev) * wide(1.0f / (1.0f - a)) * (1.0 - wide(a) / prev));
}

/// One row of a plan against the reference's buffers at its timestep. Roots are rounded once on each side; sigma as
/// in plan_test.cpp.
bool row_is_the_references(const ddim::step_row& row, float a, float a_prev, double eta) {
    const double sigma = reference_sigma(a, a_prev, eta);
    return std::fabs(wide(row.from.alpha) - std::sqrt(wide(a))) <= ulp &&
           std::fabs(wide(row.from.sigma) - wide(std::sqrt(1.0f - a))) <= 3.0 * ulp * wide(row.from.sigma) &&
           std::fabs(wide(row.to.alpha) - std::sqrt(wide(a_prev))) <= ulp &&
           std::fabs(wide(row.u_n) - sigma) <= 1e-7 * sigma;
}

void check_plan(const std::string& method, int train_steps, int steps, const std::vector<float>& alphas_cumprod) {
    const spacing rule = method == "quad" ? spacing::quad : spacing::uniform;
    const auto schedule = ddim::make_schedule(betas_of(train_steps));
    const auto list = ddim::spaced_timesteps<capacity>(rule, train_steps, steps);
    REQUIRE(list.state == status::ok);
    const std::vector<int> expected = reference_timesteps(method, train_steps, steps);
    REQUIRE(expected.size() == static_cast<std::size_t>(steps));
    static ddim::step_row rows[capacity];
    for (const double eta : {0.0, 0.5, 1.0}) {
        const ddim::plan_view plan = ddim::fill_ddim_rows(ddim::schedule_levels(schedule, list), {eta}, rows);
        REQUIRE(plan.state == status::ok);
        REQUIRE(plan.steps == steps);
        for (int index = 0; index < steps; ++index) { // the reference's: ascending
            const ddim::step_row& row = plan.rows[steps - 1 - index];
            const int t = expected[static_cast<std::size_t>(index)];
            const float a = alphas_cumprod[static_cast<std::size_t>(t)];
            const int t_prev = index > 0 ? expected[static_cast<std::size_t>(index - 1)] : 0;
            REQUIRE(row.timestep == static_cast<float>(t));
            REQUIRE(row_is_the_references(row, a, alphas_cumprod[static_cast<std::size_t>(t_prev)], eta));
        }
    }
}

int repeated_steps(const ddim::timesteps<capacity>& list) {
    int repeated = 0;
    for (int i = 1; i < list.steps; ++i) repeated += list.values[i] == list.values[i - 1] ? 1 : 0;
    return repeated;
}

} // namespace

TEST_CASE("make_schedule for S of 0..T+1: the reference's buffers, or an error with counts") {
    const golden::csv_table outcomes = golden::read_csv("steps/make_schedule_all_S.csv");
    int right = 0, refused = 0;
    for (std::size_t row = 0; row < outcomes.size(); ++row) {
        const int train_steps = outcomes.integer(row, "T");
        const std::string method = outcomes.text(row, "method");
        const spacing rule = method == "quad" ? spacing::quad : spacing::uniform;
        const std::vector<float> alphas_cumprod = golden_alphas_cumprod(train_steps);
        for (int steps = outcomes.integer(row, "S_from"); steps <= outcomes.integer(row, "S_to"); ++steps) {
            CAPTURE(train_steps);
            CAPTURE(method);
            CAPTURE(steps);
            if (outcomes.text(row, "result") == "ok" && outcomes.integer(row, "count") == steps) {
                check_plan(method, train_steps, steps, alphas_cumprod);
                const auto list = ddim::spaced_timesteps<capacity>(rule, train_steps, steps);
                CHECK(repeated_steps(list) == outcomes.integer(row, "duplicate_steps"));
                ++right;
                continue;
            }
            ++refused;
            const auto list = ddim::spaced_timesteps<capacity + 1>(rule, train_steps, steps);
            const auto schedule = ddim::scaled_linear_schedule<capacity>(0.00085, 0.012);
            const auto plan = ddim::ddim_plan<capacity + 1>(ddim::schedule_levels(schedule, list));
            CHECK(plan.state != status::ok);
            CHECK(plan.state == list.state);
            const ddim::step_counts found = ddim::nearest_steps(rule, train_steps, steps);
            CHECK((found.below > 0 || found.above > 0));
            for (const int count : {found.below, found.above}) {
                if (count == 0) continue;
                CHECK(ddim::spaced_timesteps<capacity>(rule, train_steps, count).state == status::ok);
            }
        }
    }
    CHECK(right == 15 + 8 + 5 + 4);            // uniform of T = 1000 and 100, quad of the same
    CHECK(refused == 1002 - 15 + 102 - 8 + 2); // every other S, and quad with S = 0
}

TEST_CASE("ddim_use_original_steps: ddim_sigmas_for_original_num_steps, at every timestep") {
    for (const int train_steps : {1000, 100}) {
        const std::string name = train_steps == 1000 ? "linear" : "linear_T100";
        const std::vector<float> sigmas = golden::read_floats("steps/" + name + ".sigmas_original_eta1.f32.npy");
        const std::vector<float> a = golden_alphas_cumprod(train_steps);
        REQUIRE(sigmas.size() == a.size());
        const auto schedule = ddim::make_schedule(betas_of(train_steps));
        const auto all = ddim::spaced_timesteps<capacity>(spacing::leading, train_steps, train_steps);
        static ddim::step_row rows[capacity];
        const ddim::plan_view plan =
            ddim::fill_ddim_rows(ddim::schedule_levels(schedule, all, final_alpha::one), {1.0}, rows);
        REQUIRE(plan.state == status::ok);
        for (int t = 0; t < train_steps; ++t) {
            const std::size_t i = static_cast<std::size_t>(t);
            const ddim::step_row& row = plan.rows[train_steps - 1 - t];
            REQUIRE(row.timestep == static_cast<float>(t));
            // The reference's line in its own float32 gives its bits: what we compare with is understood.
            const float prev = t > 0 ? a[i - 1] : 1.0f;
            REQUIRE(sigmas[i] == std::sqrt((1.0f - prev) / (1.0f - a[i]) * (1.0f - a[i] / prev)));
            // Ours is in double. The float32 quotient a / a' is near 1 and loses alpha / beta when 1 - it is taken,
            // of which the root keeps half; four more roundings.
            const double alpha = wide(a[i]) / wide(prev);
            const double lost = t > 0 ? (0.5 * alpha / (1.0 - alpha) + 4.0) * ulp : 0.0;
            REQUIRE(std::fabs(wide(row.u_n) - wide(sigmas[i])) <= lost * wide(sigmas[i]));
        }
        CHECK(plan.rows[train_steps - 1].u_n == 0.0f); // alphas_cumprod_prev starts with 1
        CHECK(plan.rows[train_steps - 1].u_0 == 1.0f);
    }
}

TEST_CASE("the sampler's DDPM buffers are the columns of the plan over all timesteps") {
    // The reference's sampler registers them again, from the float32 alphas_cumprod; ours has one source, so these
    // are the roots of that float32 value, rounded once.
    const std::vector<float> a = golden_alphas_cumprod(1000);
    const auto schedule = ddim::make_schedule(betas_of(1000));
    const auto all = ddim::spaced_timesteps<capacity>(spacing::leading, 1000);
    static ddim::plan<capacity> plan;
    plan = ddim::ddim_plan<capacity>(ddim::schedule_levels(schedule, all, final_alpha::one));
    for (int t = 0; t < 1000; ++t) {
        const ddim::step_row& row = plan.rows[999 - t];
        const double level = wide(a[static_cast<std::size_t>(t)]);
        REQUIRE(schedule.values[t] == a[static_cast<std::size_t>(t)]);
        REQUIRE(row.from.alpha == static_cast<float>(std::sqrt(level)));       // sqrt_alphas_cumprod
        REQUIRE(row.from.sigma == static_cast<float>(std::sqrt(1.0 - level))); // sqrt_one_minus_alphas_cumprod
        REQUIRE(row.p_x == static_cast<float>(1.0 / std::sqrt(level)));        // sqrt_recip_alphas_cumprod
        // sqrt_recipm1_alphas_cumprod, by another formula of the same value: each side is rounded once.
        const double recipm1 = std::sqrt(1.0 / level - 1.0);
        REQUIRE(std::fabs(wide(-row.p_o) - recipm1) <= 1.01 * ulp * recipm1);
        const double prev = t > 0 ? wide(a[static_cast<std::size_t>(t - 1)]) : 1.0;
        REQUIRE(row.to.alpha == static_cast<float>(std::sqrt(prev))); // alphas_cumprod_prev, its root
    }
}
