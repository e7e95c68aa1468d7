// Runs that do not go from pure noise to the sample: the last steps, image to image, inversion; and DDPM's own steps.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <vector>

#include "ddim/ddpm.hpp"
#include "support/config.hpp"
#include "support/golden.hpp"
#include "support/run.hpp"

namespace {

using ddim::final_alpha;
using ddim::initial_state;
using ddim::prediction;
using ddim::spacing;
using ddim::status;
using test_support::run_config;
using test_support::schedule;
using test_support::view;
using test_support::wide;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double ulp = 0x1p-24; ///< relative error of one rounding to float32
constexpr std::size_t values = 64;

double level_at(int t) { return wide(schedule.values[t]); }

/// Knows the clean sample: says whatever noise in x is not it.
struct perfect_model {
    std::vector<float> x0;
    int calls = 0;

    static int call(void* context, const ddim::model_call& call) noexcept {
        perfect_model& self = *static_cast<perfect_model*>(context);
        ++self.calls;
        const double a = level_at(call.timestep_index);
        for (std::size_t i = 0; i < values; ++i) {
            const double x = wide(static_cast<const float*>(call.input)[i]);
            static_cast<float*>(call.output)[i] =
                static_cast<float>((x - std::sqrt(a) * wide(self.x0[i])) / std::sqrt(1.0 - a));
        }
        return 0;
    }
};

/// The exact epsilon of data from N(1.5, 0.25): smooth, so that the order of a method shows.
int gaussian_model(void*, const ddim::model_call& call) noexcept {
    const double a = level_at(call.timestep_index);
    const double variance = a * 0.25 + 1.0 - a;
    for (std::int64_t i = 0; i < call.rows * call.elements; ++i) {
        const double x = wide(static_cast<const float*>(call.input)[i]);
        static_cast<float*>(call.output)[i] =
            static_cast<float>(std::sqrt(1.0 - a) * (x - std::sqrt(a) * 1.5) / variance);
    }
    return 0;
}

struct states {
    std::vector<std::vector<float>> x; ///< the start first

    static int observe(void* context, const ddim::observation& seen) noexcept {
        static_cast<states*>(context)->x.emplace_back(seen.x, seen.x + values);
        return 0;
    }
};

float initial_noise(std::size_t i) {
    const std::uint32_t element = static_cast<std::uint32_t>(i);
    return ddim::normals_at(7, element / 4, 0, 0, ddim::noise_purpose::initial).value[element % 4];
}

ddim::sampler_config config_of(ddim::plan_view plan, ddim::model_ref model, initial_state initial) {
    ddim::sampler_config config = test_support::make_config(plan, {1, values}, model);
    config.initial = initial;
    return config;
}

/// Up by inversion and down again, both with `steps` steps: the root mean square distance from the start.
double round_trip_error(int steps, final_alpha final) {
    const auto list = ddim::spaced_timesteps<1000>(spacing::linspace, 1000, steps);
    static ddim::step_row up_rows[1000], down_rows[1000];
    const ddim::levels levels = ddim::schedule_levels(schedule, list, final);
    const ddim::plan_view up = ddim::fill_ddim_inverse_rows(levels, {}, up_rows);
    const ddim::plan_view down = ddim::fill_ddim_rows(levels, {}, down_rows);
    std::vector<float> x;
    for (std::size_t i = 0; i < values; ++i) x.push_back(1.5f + (static_cast<float>(i) - 31.5f) / 32.0f);
    const std::vector<float> start = x;
    const ddim::model_ref model{&gaussian_model, nullptr};
    REQUIRE(run_config(config_of(up, model, initial_state::given), x) == status::ok);
    REQUIRE(run_config(config_of(down, model, initial_state::given), x) == status::ok);
    double sum = 0.0;
    for (std::size_t i = 0; i < values; ++i) sum += std::pow(wide(x[i]) - wide(start[i]), 2.0);
    return std::sqrt(sum / static_cast<double>(values));
}

} // namespace

TEST_CASE("last_steps(n): the last n rows, n of them, for every n, else steps_out_of_range") {
    static constexpr auto plan = ddim::ddim_plan<50>(schedule, {0.5});
    for (int n = 1; n <= 50; ++n) {
        const ddim::plan_view last = ddim::last_steps(plan, n);
        REQUIRE(last.state == status::ok);
        REQUIRE(last.steps == n);
        REQUIRE(last.rows == plan.rows + (50 - n));
        const ddim::plan_view again = ddim::last_steps(last, 1);
        REQUIRE(again.rows == plan.rows + 49);
    }
    for (const int n : {0, -1, 51, std::numeric_limits<int>::max(), std::numeric_limits<int>::min()})
        CHECK(ddim::last_steps(plan, n).state == status::steps_out_of_range);
    ddim::plan<50> refused = plan;
    refused.state = status::eta_out_of_range;
    CHECK(ddim::last_steps(refused, 5).state == status::eta_out_of_range);
    CHECK(ddim::last_steps(ddim::plan_view{}, 5).state == status::plan_empty);
    constexpr ddim::plan_view constant = ddim::last_steps(plan, 5);
    static_assert(constant.steps == 5);
}

TEST_CASE("a run over the last n steps: n calls, the last n timesteps, the whole run's end") {
    static constexpr auto plan = ddim::ddim_plan<10>(schedule);
    struct {
        std::vector<int> timesteps;
        static int call(void* context, const ddim::model_call& call) noexcept {
            static_cast<decltype(timesteps)*>(context)->push_back(call.timestep_index);
            return gaussian_model(nullptr, call);
        }
    } model;
    states whole_run;
    ddim::sampler_config config = config_of(plan, {&gaussian_model, nullptr}, initial_state::drawn);
    config.observer = {&states::observe, &whole_run, true};
    std::vector<float> x(values);
    REQUIRE(run_config(config, x) == status::ok);
    for (int n = 1; n <= 10; ++n) {
        model.timesteps.clear();
        std::vector<float> rest = whole_run.x[static_cast<std::size_t>(10 - n)];
        config = config_of(ddim::last_steps(plan, n), {model.call, &model.timesteps}, initial_state::given);
        REQUIRE(run_config(config, rest) == status::ok);
        REQUIRE(model.timesteps.size() == static_cast<std::size_t>(n));
        for (int i = 0; i < n; ++i)
            CHECK(model.timesteps[static_cast<std::size_t>(i)] == static_cast<int>(plan.rows[10 - n + i].timestep));
        CHECK(rest == x);
    }
}

TEST_CASE("image to image: encoded and decoded at level n, for every n and at strength 1.0") {
    const std::vector<float> x0 = golden::gauss(2, values);
    for (const int steps : {1, 2, 10, 50}) {
        const auto list = ddim::spaced_timesteps<50>(spacing::uniform, 1000, steps);
        for (const final_alpha final : {final_alpha::one, final_alpha::first}) {
            const auto plan = ddim::ddim_plan<50>(ddim::schedule_levels(schedule, list, final));
            for (int n = 1; n <= steps; ++n) {
                CAPTURE(steps);
                CAPTURE(n);
                perfect_model model{x0};
                states seen;
                const ddim::plan_view last = ddim::last_steps(plan, n);
                ddim::sampler_config config = config_of(last, {&perfect_model::call, &model}, initial_state::noised);
                config.observer = {&states::observe, &seen, true};
                std::vector<float> x = x0;
                REQUIRE(run_config(config, x) == status::ok);
                REQUIRE(model.calls == n);

                // The start is q_sample at the timestep of the first row that follows, to the bit.
                std::vector<float> noise, start(values);
                for (std::size_t i = 0; i < values; ++i) noise.push_back(initial_noise(i));
                const int first = static_cast<int>(last.rows[0].timestep);
                REQUIRE(ddim::q_sample(schedule, first, view(x0), view(noise), {start.data(), values}) == status::ok);
                REQUIRE(seen.x[0] == start);
                // With a perfect model every state is x0 and this noise, mixed at the state's level: a start at
                // another level than the first row's would carry more or less of it from there on. An early x0
                // rounds at |x| / sqrt(a) = 15 |x|, and the x it is mixed back into takes sqrt(a') of that.
                for (int k = 1; k <= n; ++k) {
                    const int t = k < n ? static_cast<int>(last.rows[k].timestep) : 0;
                    const double a = k == n && final == final_alpha::one ? 1.0 : level_at(t);
                    for (std::size_t i = 0; i < values; ++i) {
                        const double want = std::sqrt(a) * wide(x0[i]) + std::sqrt(1.0 - a) * wide(noise[i]);
                        REQUIRE(std::fabs(wide(seen.x[static_cast<std::size_t>(k)][i]) - want) <= 4e-6);
                    }
                }
            }
        }
    }
}

TEST_CASE("image to image with noise handed in, and with eta: back at x0 from every level") {
    const std::vector<float> x0 = golden::gauss(2, values), noise = golden::gauss(5, values);
    for (const double eta : {0.0, 0.6, 1.0}) {
        const auto list = ddim::spaced_timesteps<20>(spacing::trailing, 1000);
        const auto plan = ddim::ddim_plan<20>(ddim::schedule_levels(schedule, list, final_alpha::one), {eta});
        for (int n = 1; n <= 20; ++n) {
            perfect_model model{x0};
            states seen;
            ddim::sampler_config config =
                config_of(ddim::last_steps(plan, n), {&perfect_model::call, &model}, initial_state::noised);
            config.initial_noise = view(noise);
            config.observer = {&states::observe, &seen, true};
            std::vector<float> x = x0;
            REQUIRE(run_config(config, x) == status::ok);
            const ddim::step_row& first = config.plan.rows[0];
            for (std::size_t i = 0; i < values; ++i) {
                REQUIRE(seen.x[0][i] == first.from.alpha * x0[i] + first.from.sigma * noise[i]);
                REQUIRE(std::fabs(wide(x[i]) - wide(x0[i])) <= 4e-6);
            }
        }
    }
}

TEST_CASE("inversion: each step leads to the level of the timestep that the model is told") {
    for (const spacing rule : {spacing::uniform, spacing::leading, spacing::trailing, spacing::linspace}) {
        const auto list = ddim::spaced_timesteps<20>(rule, 1000);
        const auto inverse = ddim::ddim_inverse_plan<20>(ddim::schedule_levels(schedule, list));
        REQUIRE(inverse.state == status::ok);
        for (int i = 0; i < 20; ++i) {
            const ddim::step_row& row = inverse.rows[i];
            const int t = list.values[19 - i];
            REQUIRE(row.timestep == static_cast<float>(t));
            REQUIRE(row.to.alpha == static_cast<float>(std::sqrt(level_at(t))));
            REQUIRE(row.from.alpha ==
                    (i > 0 ? inverse.rows[i - 1].to.alpha : static_cast<float>(std::sqrt(level_at(0)))));
            REQUIRE(row.u_n == 0.0f);
            // Stability's encode: sqrt(a_n / a) x + sqrt(a_n) (sqrt(1 / a_n - 1) - sqrt(1 / a - 1)) e, with the
            // level's timestep instead of its index. Three roundings make the product, and the difference is of
            // larger terms.
            const double a = i > 0 ? level_at(list.values[20 - i]) : level_at(0), a_n = level_at(t);
            const double of_x = wide(row.u_0) * wide(row.p_x), of_e = wide(row.u_o) + wide(row.u_0) * wide(row.p_o);
            const double want = std::sqrt(a_n) * (std::sqrt(1.0 / a_n - 1.0) - std::sqrt(1.0 / a - 1.0));
            REQUIRE(std::fabs(of_x - std::sqrt(a_n / a)) <= 3.0 * ulp * of_x);
            REQUIRE(std::fabs(of_e - want) <= 4.0 * ulp * wide(row.u_o));
        }
    }
}

TEST_CASE("inversion from alphas_cumprod 1: x is x0 in the first step") {
    const auto list = ddim::spaced_timesteps<5>(spacing::leading, 1000);
    const ddim::levels levels = ddim::schedule_levels(schedule, list, final_alpha::one);
    const auto inverse = ddim::ddim_inverse_plan<5>(levels);
    REQUIRE(inverse.state == status::ok);
    CHECK(inverse.rows[0].p_x == 1.0f);
    CHECK(inverse.rows[0].p_o == 0.0f);
    CHECK(inverse.rows[0].u_o == static_cast<float>(std::sqrt(1.0 - level_at(0))));
    const ddim::ddim_options of_sample{0.0, prediction::sample};
    CHECK(ddim::ddim_inverse_plan<5>(levels, of_sample).state == status::prediction_undefined);
    const ddim::ddim_options rederived{0.0, prediction::epsilon, infinity, true};
    CHECK(ddim::ddim_inverse_plan<5>(levels, rederived).state == status::prediction_undefined);
    CHECK(ddim::ddim_inverse_plan<5>(levels, {0.1}).state == status::eta_out_of_range);
    const auto refused = ddim::spaced_timesteps<30>(spacing::uniform, 1000);
    CHECK(ddim::ddim_inverse_plan<30>(ddim::schedule_levels(schedule, refused)).state == status::steps_unavailable);
    // One step above the clean sample both are defined.
    const ddim::levels above = ddim::first_levels(levels, 4);
    CHECK(ddim::ddim_inverse_plan<5>(above, of_sample).state == status::ok);
    CHECK(ddim::ddim_inverse_plan<5>(above, rederived).state == status::ok);
}

TEST_CASE("inversion, then sampling: back at the start, twice the steps at half the error") {
    for (const final_alpha final : {final_alpha::first, final_alpha::one}) {
        double previous = round_trip_error(16, final), ratio = 0.0;
        for (int steps = 32; steps <= 512; steps *= 2) {
            const double error = round_trip_error(steps, final);
            ratio = previous / error;
            CAPTURE(steps);
            // First order: a step up asks the model at x, the step back down at x', and they are O(1 / S) apart. The
            // ratio rises to 2 as the terms of second order fade.
            CHECK(ratio > 1.86);
            CHECK(ratio < 2.0);
            previous = error;
        }
        CHECK(ratio > 1.97);
        CHECK(previous < 0.006);
    }
}

TEST_CASE("inversion with a perfect model carries its one noise to every level") {
    const std::vector<float> x0 = golden::gauss(2, values), noise = golden::gauss(5, values);
    const auto list = ddim::spaced_timesteps<20>(spacing::leading, 1000);
    const auto plan = ddim::ddim_inverse_plan<20>(ddim::schedule_levels(schedule, list));
    std::vector<float> x(values);
    REQUIRE(ddim::q_sample(schedule, 0, view(x0), view(noise), {x.data(), values}) == status::ok);
    // Asked at the target's level about an x of the source's level, the model must be told the noise itself.
    std::vector<float> told = noise;
    const auto tell = [](void* context, const ddim::model_call& call) noexcept {
        std::copy_n(static_cast<std::vector<float>*>(context)->data(), values, static_cast<float*>(call.output));
        return 0;
    };
    states seen;
    ddim::sampler_config config = config_of(plan, {tell, &told}, initial_state::given);
    config.observer = {&states::observe, &seen};
    REQUIRE(run_config(config, x) == status::ok);
    for (int k = 0; k < 20; ++k) {
        const double a = level_at(list.values[19 - k]);
        for (std::size_t i = 0; i < values; ++i) {
            const double want = std::sqrt(a) * wide(x0[i]) + std::sqrt(1.0 - a) * wide(noise[i]);
            REQUIRE(std::fabs(wide(seen.x[static_cast<std::size_t>(k)][i]) - want) <= 4e-6);
        }
    }
}

TEST_CASE("DDIM at eta 1, re-derived, is DDPM's ancestral step: same rows, same runs") {
    for (const prediction predicts : {prediction::epsilon, prediction::sample, prediction::v_prediction}) {
        for (const int steps : {1, 10, 250, 1000}) {
            const auto list = ddim::spaced_timesteps<1000>(spacing::leading, 1000, steps);
            static ddim::plan<1000> ddim, ddpm;
            const ddim::levels levels = ddim::schedule_levels(schedule, list, final_alpha::one);
            ddim = ddim::ddim_plan<1000>(levels, {1.0, predicts, 2.0, true, 0.9});
            ddpm = ddim::ddpm_plan<1000>(levels, {0.0, predicts, 2.0, 0.9});
            REQUIRE(ddim.state == status::ok);
            REQUIRE(ddpm.state == status::ok);
            for (int i = 0; i < steps; ++i) {
                const ddim::step_row& a = ddim.rows[i];
                const ddim::step_row& b = ddpm.rows[i];
                // One formula apart, each rounded once; where direction and x0 cancel in u_0, relative to what
                // cancels.
                REQUIRE(std::fabs(wide(a.u_x) - wide(b.u_x)) <= 2.0 * ulp * wide(b.u_x));
                REQUIRE(std::fabs(wide(a.u_0) - wide(b.u_0)) <= 2.0 * ulp * wide(b.u_0));
                REQUIRE(std::fabs(wide(a.u_n) - wide(b.u_n)) <= 2.0 * ulp * wide(b.u_n));
                ddim::step_row rest = a;
                rest.u_x = b.u_x;
                rest.u_0 = b.u_0;
                rest.u_n = b.u_n;
                REQUIRE(std::memcmp(&rest, &b, sizeof b) == 0);
            }
            if (predicts != prediction::epsilon) continue;
            std::vector<float> by_ddim(values), by_ddpm(values);
            const ddim::model_ref model{&gaussian_model, nullptr};
            REQUIRE(run_config(config_of(ddim, model, initial_state::drawn), by_ddim) == status::ok);
            REQUIRE(run_config(config_of(ddpm, model, initial_state::drawn), by_ddpm) == status::ok);
            // Each step may differ by roundings of x, |x| < 4, and contracts what came before it.
            for (std::size_t i = 0; i < values; ++i) REQUIRE(std::fabs(wide(by_ddim[i]) - wide(by_ddpm[i])) <= 4e-6);
        }
    }
}

TEST_CASE("DDPM over all timesteps: p_sample_loop in double, clipped, no noise at the end") {
    const auto short_schedule = ddim::squaredcos_cap_v2_schedule<100>();
    const auto all = ddim::spaced_timesteps<100>(spacing::leading, 100);
    const auto plan =
        ddim::ddpm_plan<100>(ddim::schedule_levels(short_schedule, all), {0.0, prediction::epsilon, 1.0});
    REQUIRE(plan.state == status::ok);
    const std::vector<float> noise = golden::gauss_of_steps(1000, 100, values);
    struct model {
        static double epsilon(double x, int t) { return x / (1.0 + std::fabs(x)) * (t / (t + 1.0)) + 0.1; }
        static int call(void*, const ddim::model_call& call) noexcept {
            for (std::size_t i = 0; i < values; ++i) {
                const double x = wide(static_cast<const float*>(call.input)[i]);
                static_cast<float*>(call.output)[i] = static_cast<float>(epsilon(x, call.timestep_index));
            }
            return 0;
        }
    };
    ddim::sampler_config config = config_of(plan, {&model::call, nullptr}, initial_state::given);
    config.step_noise = view(noise);
    std::vector<float> x = golden::gauss(1, values);
    std::vector<double> want(x.begin(), x.end());
    REQUIRE(run_config(config, x) == status::ok);
    int clipped = 0;
    for (int t = 99; t >= 0; --t) {
        const double a = wide(short_schedule.values[t]), a_prev = t > 0 ? wide(short_schedule.values[t - 1]) : 1.0;
        const double beta = 1.0 - a / a_prev, variance = beta * (1.0 - a_prev) / (1.0 - a);
        for (std::size_t i = 0; i < values; ++i) {
            double x0 = std::sqrt(1.0 / a) * want[i] - std::sqrt(1.0 / a - 1.0) * model::epsilon(want[i], t);
            clipped += std::fabs(x0) > 1.0 ? 1 : 0;
            x0 = std::fmin(1.0, std::fmax(-1.0, x0));
            const double mean = beta * std::sqrt(a_prev) / (1.0 - a) * x0 +
                                (1.0 - a_prev) * std::sqrt(1.0 - beta) / (1.0 - a) * want[i];
            const double n = wide(noise[static_cast<std::size_t>(99 - t) * values + i]);
            want[i] = mean + (t > 0 ? std::sqrt(std::fmax(variance, 1e-20)) * n : 0.0);
        }
    }
    CHECK(clipped > 1000);
    for (std::size_t i = 0; i < values; ++i) CHECK(std::fabs(wide(x[i]) - want[i]) <= 4e-6);
}
