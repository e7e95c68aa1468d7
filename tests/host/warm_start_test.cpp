// Warm start: a chunk begins where the one before left off, noised to a level below the top, and runs the last steps.
#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <cstring>
#include <vector>

#include "ddim/host.hpp"
#include "host/curved_model.hpp"
#include "support/config.hpp"
#include "support/golden.hpp"
#include "support/run.hpp"

namespace {

using ddim::prediction;
using ddim::status;
using test_support::curved_model;
using test_support::view;
using test_support::wide;

constexpr int steps = 10, entries = 40, width = 7, executed = 6;
constexpr std::size_t elements = entries * width;

constexpr auto schedule = ddim::squaredcos_cap_v2_schedule<100>();
constexpr auto list = ddim::spaced_timesteps<steps>(ddim::spacing::leading, 100);

constexpr ddim::levels flow_levels = ddim::flow_levels(steps);
constexpr ddim::levels ddim_levels = ddim::schedule_levels(schedule, list, ddim::final_alpha::one);
constexpr auto flow_plan = ddim::ddim_plan<steps>(flow_levels, {0.0, prediction::flow});
constexpr auto ddim_plan = ddim::ddim_plan<steps>(ddim_levels);

/// The chunk before without the actions that have been executed; what is missing at its end stands still.
std::vector<float> shifted(const std::vector<float>& chunk) {
    std::vector<float> rest(chunk.begin() + executed * width, chunk.end());
    for (int missing = 0; missing < executed; ++missing) rest.insert(rest.end(), chunk.end() - width, chunk.end());
    return rest;
}

/// alpha and sigma before step k, 0 the noisiest.
struct alpha_sigma {
    double alpha, sigma;
};

alpha_sigma flow_at(int k) { return {static_cast<double>(k) / steps, 1.0 - static_cast<double>(k) / steps}; }

alpha_sigma ddim_at(int k) {
    const double a = k < steps ? wide(schedule.values[list.values[k]]) : 1.0;
    return {std::sqrt(a), std::sqrt(1.0 - a)};
}

double flow_step(double x, double v, const alpha_sigma& from, const alpha_sigma& to) {
    return x + (to.sigma - from.sigma) * v;
}

double ddim_step(double x, double epsilon, const alpha_sigma& from, const alpha_sigma& to) {
    return to.alpha * (x - from.sigma * epsilon) / from.alpha + to.sigma * epsilon;
}

struct formula {
    alpha_sigma (*at)(int k);
    double (*step)(double x, double output, const alpha_sigma& from, const alpha_sigma& to);
};

/// The last `left` steps from the chunk at their level, entry by entry in double.
std::vector<double> run_formula(const formula& by, ddim::plan_view plan, const std::vector<float>& chunk,
                                const std::vector<float>& noise) {
    std::vector<double> result;
    const int first = steps - plan.steps;
    for (std::size_t i = 0; i < elements; ++i) {
        const alpha_sigma start = by.at(first);
        double x = start.alpha * wide(chunk[i]) + start.sigma * wide(noise[i]);
        for (int k = first; k < steps; ++k) {
            const float timestep = plan.rows[k - first].timestep, input = static_cast<float>(x);
            const float said = curved_model::predict(input, timestep, static_cast<std::int64_t>(i), true);
            x = by.step(x, wide(said), by.at(k), by.at(k + 1));
        }
        result.push_back(x);
    }
    return result;
}

void check_warm_start(const formula& by, ddim::plan_view plan) {
    CAPTURE(plan.steps);
    const std::vector<float> chunk = shifted(golden::gauss(2, elements)), noise = golden::gauss(5, elements);
    for (const bool gives : {false, true}) {
        curved_model model;
        ddim::sampler_config config = test_support::make_config(plan, {1, elements}, model.ref());
        config.initial = ddim::initial_state::noised;
        if (gives) config.initial_noise = view(noise);
        std::vector<float> drawn, x = chunk;
        for (std::uint32_t i = 0; i < elements; ++i)
            drawn.push_back(ddim::normals_at(7, i / 4, 0, 0, ddim::noise_purpose::initial).value[i % 4]);
        REQUIRE(test_support::run_config(config, x) == status::ok);
        CHECK(model.calls.size() == static_cast<std::size_t>(plan.steps));
        const std::vector<double> want = run_formula(by, plan, chunk, gives ? noise : drawn);
        for (std::size_t i = 0; i < elements; ++i) {
            // Each step is off by some ten roundings of numbers below 4; the slopes of the model, below 1.5, and
            // DDIM's 1 / alpha, below 1.5 from the level of step 5 on, hand no more than twice of it on.
            REQUIRE(std::fabs(wide(x[i]) - want[i]) <= plan.steps * 10 * 0x1p-24 * 4.0 * 2.0);
        }
    }
}

} // namespace

TEST_CASE("warm start of a flow: from every level below the top, by levels and by plan") {
    for (int left = 1; left < steps; ++left) {
        const auto plan = ddim::ddim_plan<steps>(ddim::last_levels(flow_levels, left), {0.0, prediction::flow});
        REQUIRE(plan.state == status::ok);
        check_warm_start({&flow_at, &flow_step}, plan);
        check_warm_start({&flow_at, &flow_step}, ddim::last_steps(flow_plan, left));
        for (int i = 0; i < left; ++i) // two ways to the same rows
            CHECK(std::memcmp(&plan.rows[i], &flow_plan.rows[steps - left + i], sizeof plan.rows[i]) == 0);
    }
}

TEST_CASE("warm start of DDIM: from every level of the lower half, by levels and by plan") {
    for (int left = 1; left <= steps / 2; ++left) {
        const auto plan = ddim::ddim_plan<steps>(ddim::last_levels(ddim_levels, left));
        REQUIRE(plan.state == status::ok);
        check_warm_start({&ddim_at, &ddim_step}, plan);
        check_warm_start({&ddim_at, &ddim_step}, ddim::last_steps(ddim_plan, left));
        for (int i = 0; i < left; ++i)
            CHECK(std::memcmp(&plan.rows[i], &ddim_plan.rows[steps - left + i], sizeof plan.rows[i]) == 0);
    }
}
