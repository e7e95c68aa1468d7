// Levels against their formulas in double, and robots' plans from end to end against their own loops.
#include "ddim/levels.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include "ddim/host.hpp"
#include "support/config.hpp"
#include "support/run.hpp"

namespace {

using ddim::final_alpha;
using ddim::prediction;
using ddim::spacing;
using ddim::status;
using test_support::make_config;
using test_support::schedule;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// One rounding to float32. A wider slack, 1e-7, is for formulas that take more than one root or quotient in another
/// order than the library.
bool near(float value, double expected, double slack = 6.1e-8) {
    return std::fabs(static_cast<double>(value) - expected) <= slack * std::fmax(1e-30, std::fabs(expected));
}

/// The rows of a recipe by DDIM, whose `from`, `to` and `timestep` are its levels.
template <int Capacity>
ddim::plan<Capacity> plan_of(const ddim::levels& recipe, prediction predicts = prediction::epsilon) {
    ddim::ddim_options options;
    options.predicts = predicts;
    return ddim::ddim_plan<Capacity>(recipe, options);
}

status state_of(const ddim::levels& recipe, prediction predicts = prediction::sample) {
    return plan_of<64>(recipe, predicts).state;
}

double a_at(int t) { return static_cast<double>(schedule.values[t]); }
double ratio_at(int t) { return std::sqrt((1.0 - a_at(t)) / a_at(t)); }

void check_level(const ddim::level& found, double alpha, double sigma) {
    CHECK(near(found.alpha, alpha));
    CHECK(near(found.sigma, sigma));
}

/// A velocity that mixes neighbours and depends on the time, in float32.
float velocity(float x, float next, float time) { return 0.7f * x - 0.2f * next + 0.3f * time - 0.1f; }

struct toy_policy {
    std::vector<float> told;
    float sign = 1.0f;

    static int call(void* context, const ddim::model_call& call) noexcept {
        toy_policy& self = *static_cast<toy_policy*>(context);
        self.told.push_back(call.timestep);
        const float* x = static_cast<const float*>(call.input);
        float* out = static_cast<float*>(call.output);
        for (std::int64_t i = 0; i < call.elements; ++i)
            out[i] = self.sign * velocity(x[i], x[(i + 1) % call.elements], call.timestep);
        return 0;
    }
};

std::vector<float> start_state() {
    std::vector<float> x;
    for (int i = 0; i < 50; ++i) x.push_back(0.05f * static_cast<float>(i * 7 % 41) - 1.0f);
    return x;
}

/// Runs a plan on the start; the observed tolerance is that of S float32 steps of values about 1.
std::vector<float> run(ddim::plan_view plan, toy_policy& model) {
    std::vector<float> x = start_state();
    ddim::sampler_config config =
        make_config(plan, {1, static_cast<std::int64_t>(x.size())}, {&toy_policy::call, &model});
    config.initial = ddim::initial_state::given;
    REQUIRE(test_support::run_config(config, x) == status::ok);
    return x;
}

/// x += (next - time) v(x, time) in double, over the times of a flow.
std::vector<double> euler(const std::vector<double>& times, const std::vector<float>& told) {
    std::vector<double> x;
    for (const float value : start_state()) x.push_back(static_cast<double>(value));
    for (std::size_t k = 0; k + 1 < times.size(); ++k) {
        std::vector<double> next(x.size());
        for (std::size_t i = 0; i < x.size(); ++i) {
            const double v = 0.7 * x[i] - 0.2 * x[(i + 1) % x.size()] + 0.3 * static_cast<double>(told[k]) - 0.1;
            next[i] = x[i] + (times[k + 1] - times[k]) * v;
        }
        x = next;
    }
    return x;
}

/// Ten steps, each rounded a few times, of values up to the largest.
void check_close(const std::vector<float>& found, const std::vector<double>& wanted) {
    REQUIRE(found.size() == wanted.size());
    double largest = 1.0;
    for (const double value : wanted) largest = std::fmax(largest, std::fabs(value));
    for (std::size_t i = 0; i < found.size(); ++i)
        CHECK(std::fabs(static_cast<double>(found[i]) - wanted[i]) <= 5e-7 * largest);
}

} // namespace

TEST_CASE("a schedule's levels at listed timesteps, and a stride's at t - T / S") {
    const auto list = ddim::spaced_timesteps<28>(spacing::trailing, 1000);
    const auto chain = plan_of<28>(ddim::schedule_levels(schedule, list, final_alpha::one));
    const auto stride = plan_of<28>(ddim::stride_levels(schedule, list));
    REQUIRE(chain.state == status::ok);
    REQUIRE(stride.state == status::ok);
    for (int i = 0; i < 28; ++i) {
        const int t = list.values[i];
        CHECK(chain.rows[i].timestep == static_cast<float>(t));
        check_level(chain.rows[i].from, std::sqrt(a_at(t)), std::sqrt(1.0 - a_at(t)));
        check_level(stride.rows[i].from, std::sqrt(a_at(t)), std::sqrt(1.0 - a_at(t)));
        const int below = t - 1000 / 28 < 0 ? 0 : t - 1000 / 28;
        check_level(stride.rows[i].to, std::sqrt(a_at(below)), std::sqrt(1.0 - a_at(below)));
        if (i < 27) CHECK(std::memcmp(&chain.rows[i].to, &chain.rows[i + 1].from, sizeof(ddim::level)) == 0);
    }
    check_level(chain.rows[27].to, 1.0, 0.0);
}

TEST_CASE("a stride of leading timesteps is the chain, to the bit") {
    for (const int steps : {10, 28, 50, 999}) {
        const auto list = ddim::spaced_timesteps<1000>(spacing::leading, 1000, steps);
        static ddim::step_row chain[1000], stride[1000];
        REQUIRE(ddim::fill_ddim_rows(ddim::schedule_levels(schedule, list), {1.0}, chain).state == status::ok);
        REQUIRE(ddim::fill_ddim_rows(ddim::stride_levels(schedule, list), {1.0}, stride).state == status::ok);
        CHECK(std::memcmp(chain, stride, sizeof(ddim::step_row) * static_cast<std::size_t>(steps)) == 0);
    }
}

TEST_CASE("interpolated levels: fractional timesteps, sigma between its neighbours") {
    const auto plan = plan_of<20>(ddim::interpolated_levels(schedule, 20));
    REQUIRE(plan.state == status::ok);
    for (int i = 0; i < 20; ++i) {
        const double t = static_cast<double>(static_cast<float>(999.0 * (19 - i) / 19));
        const int below = static_cast<int>(t);
        const double share = t - below;
        const double ratio = (1.0 - share) * ratio_at(below) + (share > 0.0 ? share * ratio_at(below + 1) : 0.0);
        CHECK(near(plan.rows[i].timestep, t));
        check_level(plan.rows[i].from, 1.0 / std::sqrt(1.0 + ratio * ratio), ratio / std::sqrt(1.0 + ratio * ratio));
    }
    check_level(plan.rows[19].to, 1.0, 0.0);
    const auto noisy = plan_of<20>(ddim::interpolated_levels(schedule, 20, ddim::final_alpha::first));
    const double a = static_cast<double>(schedule.values[0]);
    check_level(noisy.rows[19].to, std::sqrt(a), std::sqrt(1.0 - a));
}

TEST_CASE("told ln(sigma / alpha) / 4: the levels stay, whatever rule makes them") {
    const auto list = ddim::spaced_timesteps<10>(spacing::trailing, 1000);
    const ddim::timestep_pair pairs[] = {{900, 500}, {500, -1}};
    for (const ddim::levels& levels :
         {ddim::schedule_levels(schedule, list), ddim::stride_levels(schedule, list),
          ddim::paired_levels(schedule, pairs), ddim::interpolated_levels(schedule, 10),
          ddim::karras_levels(schedule, list), ddim::exponential_levels(schedule, list)}) {
        const auto plain = plan_of<10>(levels), told = plan_of<10>(ddim::told_log_sigma(levels));
        REQUIRE(told.state == status::ok);
        REQUIRE(told.steps == plain.steps);
        for (int i = 0; i < told.steps; ++i) {
            ddim::step_row row = told.rows[i];
            // Of levels rounded to float32, each by 6e-8 of itself.
            const double ratio = static_cast<double>(row.from.sigma) / static_cast<double>(row.from.alpha);
            CHECK(std::fabs(static_cast<double>(row.timestep) - std::log(ratio) / 4.0) < 1.5e-7);
            row.timestep = plain.rows[i].timestep;
            CHECK(std::memcmp(&row, &plain.rows[i], sizeof row) == 0);
        }
    }
    // As EDM's are, of data whose deviation is 1.
    const auto edm = plan_of<10>(ddim::edm_levels(10, {80.0, 0.01, 7.0, 1.0}), prediction::v_prediction);
    const auto karras = plan_of<10>(ddim::told_log_sigma(ddim::karras_levels(schedule, list, {80.0, 0.01})),
                                    prediction::v_prediction);
    REQUIRE(karras.state == status::ok);
    for (int i = 0; i < 10; ++i) CHECK(karras.rows[i].timestep == edm.rows[i].timestep);
}

TEST_CASE("Karras' and exponential sigmas: the list's ends, told where ln(sigma) lies") {
    const auto list = ddim::spaced_timesteps<15>(spacing::leading, 1000, 15, 1);
    const double first = ratio_at(list.values[0]), last = ratio_at(list.values[14]);
    const auto karras = plan_of<15>(ddim::karras_levels(schedule, list));
    const auto exponential = plan_of<15>(ddim::exponential_levels(schedule, list));
    REQUIRE(karras.state == status::ok);
    REQUIRE(exponential.state == status::ok);
    for (int i = 0; i < 15; ++i) {
        const double share = i / 14.0;
        const double root = std::pow(first, 1.0 / 7) + share * (std::pow(last, 1.0 / 7) - std::pow(first, 1.0 / 7));
        const double of_karras = std::pow(root, 7.0);
        const double of_exponential = first * std::pow(last / first, share);
        for (const auto& [row, ratio] :
             {std::pair{karras.rows[i], of_karras}, {exponential.rows[i], of_exponential}}) {
            check_level(row.from, 1.0 / std::sqrt(1.0 + ratio * ratio), ratio / std::sqrt(1.0 + ratio * ratio));
            // What is told leads back to the sigma. A float32 timestep near 900 holds 6e-5 of one.
            const int below = static_cast<int>(row.timestep);
            const double part = static_cast<double>(row.timestep) - below;
            const double back =
                (1.0 - part) * std::log(ratio_at(below)) + (part > 0.0 ? part * std::log(ratio_at(below + 1)) : 0.0);
            CHECK(std::fabs(back - std::log(ratio)) < 1e-6);
        }
    }
    CHECK(karras.rows[0].timestep == static_cast<float>(list.values[0]));
    CHECK(karras.rows[14].timestep == doctest::Approx(list.values[14]).epsilon(1e-6));

    ddim::sigma_options options;
    options.sigma_max = 10.0;
    options.sigma_min = 0.1;
    options.told = ddim::told_timestep::nearest;
    const auto own = plan_of<15>(ddim::karras_levels(schedule, list, options));
    check_level(own.rows[0].from, 1.0 / std::sqrt(101.0), 10.0 / std::sqrt(101.0));
    check_level(own.rows[14].from, 1.0 / std::sqrt(1.01), 0.1 / std::sqrt(1.01));
    for (const ddim::step_row& row : own.rows) CHECK(row.timestep == std::floor(row.timestep));
}

TEST_CASE("the start scale: of drawn and of given noise, and it goes with the plan") {
    const auto list = ddim::spaced_timesteps<15>(spacing::trailing, 1000);
    const ddim::levels levels = ddim::schedule_levels(schedule, list, final_alpha::one);
    const auto as_it_is = plan_of<15>(levels);
    const auto scaled = plan_of<15>(ddim::starting_at(levels, ddim::start_scale::sigma));
    const auto unit = plan_of<15>(ddim::starting_at(levels, ddim::start_scale::unit_variance));
    CHECK(as_it_is.start_scale == 1.0f);
    CHECK(scaled.start_scale == scaled.rows[0].from.sigma);
    CHECK(unit.start_scale == 1.0f); // variance preserving
    CHECK(std::memcmp(as_it_is.rows, scaled.rows, sizeof scaled.rows) == 0);
    CHECK(ddim::last_steps(scaled, 15).start_scale == scaled.start_scale);
    CHECK(ddim::last_steps(scaled, 14).start_scale == 1.0f); // another level

    std::vector<float> noise = start_state(), seen;
    for (const bool hands_in : {false, true}) {
        for (const ddim::plan_view plan : {ddim::plan_view(as_it_is), ddim::plan_view(scaled)}) {
            std::vector<float> x(noise.size()), first;
            ddim::sampler_config config = make_config(plan, {1, static_cast<std::int64_t>(x.size())});
            if (hands_in) config.initial_noise = test_support::view(noise);
            config.model.function = [](void*, const ddim::model_call& call) noexcept {
                for (std::int64_t i = 0; i < call.elements; ++i) static_cast<float*>(call.output)[i] = 0.0f;
                return 0;
            };
            config.observer = {[](void* context, const ddim::observation& shown) noexcept {
                                   auto& kept = *static_cast<std::vector<float>*>(context);
                                   if (shown.step < 0) kept.assign(shown.x, shown.x + shown.elements);
                                   return 0;
                               },
                               &first, true};
            REQUIRE(test_support::run_config(config, x) == status::ok);
            if (plan.start_scale == 1.0f)
                seen = first;
            else
                for (std::size_t i = 0; i < x.size(); ++i) CHECK(first[i] == plan.start_scale * seen[i]);
        }
        if (hands_in) CHECK(seen == noise);
    }
}

TEST_CASE("pi0 and SmolVLA: ten even steps from t = 1, the model is told t, x += dt v") {
    const auto plan = plan_of<10>(ddim::flow_levels(10), prediction::flow);
    REQUIRE(plan.state == status::ok);
    std::vector<double> times;
    for (int i = 0; i <= 10; ++i) times.push_back(1.0 - i / 10.0);
    for (int i = 0; i < 10; ++i) {
        CHECK(near(plan.rows[i].timestep, times[static_cast<std::size_t>(i)]));
        CHECK(plan.rows[i].u_x == 1.0f);
        CHECK(plan.rows[i].u_o == -0.1f);
        CHECK(plan.rows[i].u_0 == 0.0f);
        CHECK(plan.rows[i].u_n == 0.0f);
    }
    toy_policy model;
    const std::vector<float> x = run(plan, model);
    check_close(x, euler(times, model.told));
}

TEST_CASE("GR00T: four steps, told int(1000 tau), tau = 1 - sigma, predicts x0 - noise") {
    ddim::flow_options options;
    options.told = ddim::flow_told::one_minus_sigma;
    options.told_scale = 1000.0;
    options.told_whole = true;
    const auto plan = plan_of<4>(ddim::flow_levels(4, options), prediction::reversed_flow);
    REQUIRE(plan.state == status::ok);
    const float told[] = {0.0f, 250.0f, 500.0f, 750.0f};
    for (int i = 0; i < 4; ++i) {
        CHECK(plan.rows[i].timestep == told[i]);
        CHECK(plan.rows[i].u_x == 1.0f);
        CHECK(plan.rows[i].u_o == 0.25f);
    }
    // For every S, int(1000 i / S) as Python's integers have it: no rounding takes one off.
    for (int steps = 1; steps <= 64; ++steps) {
        const auto many = plan_of<64>(ddim::flow_levels(steps, options), prediction::reversed_flow);
        for (int i = 0; i < steps; ++i) CHECK(many.rows[i].timestep == static_cast<float>(1000 * i / steps));
    }
    toy_policy model;
    model.sign = -1.0f;
    const std::vector<float> x = run(plan, model);
    check_close(x, euler({1.0, 0.75, 0.5, 0.25, 0.0}, model.told));
}

TEST_CASE("diffusers' flow grids: shifted ends, dynamic shifting, a terminal, own sigmas") {
    ddim::flow_options options;
    options.grid = ddim::flow_grid::shifted_train_ends;
    options.shift = 3.0;
    options.told_scale = 1000.0;
    const auto shifted = [](double k, double s) { return k * s / (1.0 + (k - 1.0) * s); };
    const auto sd3 = plan_of<28>(ddim::flow_levels(28, options), prediction::flow);
    REQUIRE(sd3.state == status::ok);
    const double lowest = shifted(3.0, 0.001);
    for (int i = 0; i < 28; ++i) {
        const double s = shifted(3.0, 1.0 + i / 27.0 * (lowest - 1.0));
        check_level(sd3.rows[i].from, 1.0 - s, s);
        CHECK(near(sd3.rows[i].timestep, 1000.0 * s, 1.3e-7));
    }
    check_level(sd3.rows[27].to, 1.0, 0.0);

    options.grid = ddim::flow_grid::train_ends;
    options.shift = 1.2;
    options.shift_is_exponent = true;
    options.terminal = 0.1;
    const auto flux = plan_of<30>(ddim::flow_levels(30, options), prediction::flow);
    REQUIRE(flux.state == status::ok);
    CHECK(near(flux.rows[29].from.sigma, 0.1));
    const auto dynamic = [&](int i) { return shifted(std::exp(1.2), 1.0 + i / 29.0 * (0.001 - 1.0)); };
    for (int i = 0; i < 29; ++i) {
        const double s = 1.0 - (1.0 - dynamic(i)) * 0.9 / (1.0 - dynamic(29));
        CHECK(near(flux.rows[i].from.sigma, s));
    }

    static constexpr double own[] = {1.0, 0.6, 0.3};
    ddim::flow_options listed;
    listed.sigmas = own;
    const auto by_hand = plan_of<3>(ddim::flow_levels(3, listed), prediction::flow);
    REQUIRE(by_hand.state == status::ok);
    for (int i = 0; i < 3; ++i) CHECK(near(by_hand.rows[i].from.sigma, own[i]));

    ddim::flow_options capped;
    capped.largest = 1.0 - 1e-6;
    CHECK(near(plan_of<3>(ddim::flow_levels(3, capped), prediction::flow).rows[0].from.alpha, 1e-6));
}

TEST_CASE("RDT: DPM-Solver++ 2M over five timesteps, the network predicts the sample") {
    static const auto squared = ddim::squaredcos_cap_v2_schedule<1000>();
    const auto list = ddim::open_timesteps<5>(spacing::linspace, 1000);
    const int wanted[] = {999, 799, 599, 400, 200};
    for (int i = 0; i < 5; ++i) CHECK(list.values[i] == wanted[i]);
    const auto plan =
        ddim::dpm_solver_plan<5>(ddim::schedule_levels(squared, list, final_alpha::one), {2, prediction::sample});
    REQUIRE(plan.state == status::ok);
    CHECK(ddim::history_slots(plan) == 1);

    toy_policy model;
    const std::vector<float> x = run(plan, model);
    // The solver's own two formulas, in double.
    std::vector<double> state;
    for (const float value : start_state()) state.push_back(static_cast<double>(value));
    std::vector<double> before(state.size());
    double lambda_before = 0.0;
    for (int k = 0; k < 5; ++k) {
        const double a = static_cast<double>(squared.values[list.values[k]]);
        const double alpha = std::sqrt(a), sigma = std::sqrt(1.0 - a), lambda = std::log(alpha / sigma);
        std::vector<double> clean(state.size()), next(state.size());
        for (std::size_t i = 0; i < state.size(); ++i)
            clean[i] = 0.7 * state[i] - 0.2 * state[(i + 1) % state.size()] + 0.3 * list.values[k] - 0.1;
        if (k == 4) {
            next = clean;
        } else {
            const double b = static_cast<double>(squared.values[list.values[k + 1]]);
            const double alpha_next = std::sqrt(b), sigma_next = std::sqrt(1.0 - b);
            const double h = std::log(alpha_next / sigma_next) - lambda, r = (lambda - lambda_before) / h;
            for (std::size_t i = 0; i < state.size(); ++i) {
                const double mixed = k == 0 ? clean[i] : (1.0 + 0.5 / r) * clean[i] - 0.5 / r * before[i];
                next[i] = sigma_next / sigma * state[i] - alpha_next * std::expm1(-h) * mixed;
            }
        }
        state = next;
        before = clean;
        lambda_before = lambda;
    }
    check_close(x, state);
}

TEST_CASE("autoware's planner: ten steps even in logSNR, then one more call for x0") {
    const auto plan = ddim::dpm_solver_plan<11>(ddim::logsnr_levels(11), {2, prediction::sample});
    REQUIRE(plan.state == status::ok);
    CHECK(plan.steps == 11);
    const auto log_alpha = [](double t) { return -0.25 * 19.9 * t * t - 0.05 * t; };
    const auto lambda = [&](double t) { return log_alpha(t) - 0.5 * std::log(-std::expm1(2.0 * log_alpha(t))); };
    for (int i = 0; i <= 10; ++i) {
        const double wanted = lambda(1.0) + i / 10.0 * (lambda(1e-3) - lambda(1.0));
        const ddim::step_row& row = plan.rows[i];
        check_level(row.from, 1.0 / std::sqrt(1.0 + std::exp(-2.0 * wanted)),
                    1.0 / std::sqrt(1.0 + std::exp(2.0 * wanted)));
        // The told time has that lambda: d lambda / dt is up to 500 at 1e-3, a float32 there holds 6e-11.
        CHECK(std::fabs(lambda(static_cast<double>(row.timestep)) - wanted) < 2e-6);
    }
    CHECK(plan.rows[0].timestep == 1.0f);
    CHECK(plan.rows[10].timestep == 1e-3f);
    CHECK(plan.rows[10].u_0 == 1.0f); // x' = x0
    CHECK(plan.rows[10].u_x == 0.0f);
    CHECK(plan.rows[10].u_h[0] == 0.0f);
}

TEST_CASE("NoMaD: DDPM over ten timesteps of a squared cosine, clipped") {
    static const auto squared = ddim::squaredcos_cap_v2_schedule<10>();
    ddim::ddpm_options options;
    options.clip = 1.0;
    const auto all = ddim::spaced_timesteps<10>(spacing::leading, 10);
    const auto plan = ddim::ddpm_plan<10>(ddim::schedule_levels(squared, all), options);
    REQUIRE(plan.state == status::ok);
    for (int i = 0; i < 10; ++i) {
        const int t = 9 - i;
        const double a = static_cast<double>(squared.values[t]);
        const double a_prev = t > 0 ? static_cast<double>(squared.values[t - 1]) : 1.0;
        const double beta = 1.0 - a / a_prev;
        const ddim::step_row& row = plan.rows[i];
        CHECK(near(row.u_x, std::sqrt(a / a_prev) * (1.0 - a_prev) / (1.0 - a), 1e-7));
        CHECK(near(row.u_0, std::sqrt(a_prev) * beta / (1.0 - a), 1e-7));
        CHECK(near(row.u_n, t > 0 ? std::sqrt((1.0 - a_prev) / (1.0 - a) * beta) : 0.0, 1e-7));
        CHECK(row.clip == 1.0f);
    }
}

TEST_CASE("DiffusionDrive: 10 -> 9, 0 -> the end, from an x0 noised to 8") {
    static const auto linear = ddim::scaled_linear_schedule<1000>(1e-4, 0.02);
    static constexpr ddim::timestep_pair pairs[] = {{10, 9}, {0, -1}};
    ddim::ddim_options options;
    options.predicts = prediction::sample;
    options.clip = 1.0;
    const auto plan = ddim::ddim_plan<2>(ddim::paired_levels(linear, pairs, final_alpha::one, 8), options);
    REQUIRE(plan.state == status::ok);
    const float noise[] = {0.5f, -1.0f, 2.0f, 0.1f, -0.3f};
    std::vector<float> x = {-0.9f, -0.2f, 0.0f, 0.4f, 0.95f};
    ddim::sampler_config config = make_config(plan, {1, 5});
    config.initial = ddim::initial_state::noised;
    config.initial_noise = noise;
    config.model.function = [](void*, const ddim::model_call& call) noexcept {
        for (std::int64_t i = 0; i < call.elements; ++i) {
            const float clamped = std::fmin(std::fmax(static_cast<const float*>(call.input)[i], -1.0f), 1.0f);
            static_cast<float*>(call.output)[i] = 0.5f * clamped + 0.1f + call.timestep / 1000.0f;
        }
        return 0;
    };
    REQUIRE(test_support::run_config(config, x) == status::ok);
    const double wanted[] = {-0.32739258, -0.00981649, 0.13364882, 0.29908238, 0.56058039};
    for (std::size_t i = 0; i < 5; ++i) CHECK(std::fabs(static_cast<double>(x[i]) - wanted[i]) < 1e-7);
}

TEST_CASE("a caller's own sigmas and times: a ramp handed in as a list is that ramp") {
    std::vector<ddim::timed_sigma> list;
    const double first = std::pow(700.0, 1.0 / 7), last = std::pow(0.002, 1.0 / 7);
    for (int i = 0; i < 25; ++i) {
        const double sigma = std::pow(first + i / 24.0 * (last - first), 7.0);
        list.push_back({0.25 * std::log(sigma), sigma});
    }
    const auto own = plan_of<25>(ddim::sigma_levels({list.data(), list.size()}), prediction::v_prediction);
    const auto ramp = plan_of<25>(ddim::edm_levels(25, {700.0, 0.002, 7.0, 1.0}), prediction::v_prediction);
    REQUIRE(own.state == status::ok);
    for (int i = 0; i < 25; ++i) {
        CHECK(near(own.rows[i].from.alpha, static_cast<double>(ramp.rows[i].from.alpha), 2e-7));
        CHECK(near(own.rows[i].from.sigma, static_cast<double>(ramp.rows[i].from.sigma), 2e-7));
        CHECK(std::fabs(own.rows[i].timestep - ramp.rows[i].timestep) < 1e-6f);
    }
    check_level(own.rows[24].to, 1.0, 0.0);
    CHECK(own.start_scale == 1.0f);
}

TEST_CASE("EDM: levels in which the model's input is the state itself") {
    const auto plan = ddim::edm_plan<18>();
    REQUIRE(plan.state == status::ok);
    const double first = std::pow(80.0, 1.0 / 7), last = std::pow(0.002, 1.0 / 7);
    for (int i = 0; i < 18; ++i) {
        const double s = std::pow(first + i / 17.0 * (last - first), 7.0), q = std::sqrt(s * s + 0.25);
        const ddim::step_row& row = plan.rows[i];
        check_level(row.from, 1.0 / q, s / q);
        CHECK(std::fabs(static_cast<double>(row.timestep) - 0.25 * std::log(s)) < 2e-7);
        // x0 = c_skip (q x) + c_out F.
        CHECK(near(row.p_x, 0.25 / (s * s + 0.25) * q, 1e-7));
        CHECK(near(row.p_o, 0.5 * s / q, 1e-7));
    }
    CHECK(plan.start_scale == doctest::Approx(std::sqrt(6401.0) / std::sqrt(6400.25)).epsilon(1e-7));
    check_level(plan.rows[17].to, 1.0, 0.0);
}

TEST_CASE("the first and the last of some levels") {
    const auto list = ddim::spaced_timesteps<10>(spacing::leading, 1000, 10, 1);
    const ddim::levels all = ddim::schedule_levels(schedule, list);
    const auto whole = plan_of<10>(all), last = plan_of<10>(ddim::last_levels(all, 3)),
               first = plan_of<10>(ddim::first_levels(all, 3)),
               middle = plan_of<10>(ddim::first_levels(ddim::last_levels(all, 6), 2));
    REQUIRE(last.steps == 3);
    REQUIRE(first.steps == 3);
    REQUIRE(middle.steps == 2);
    const std::size_t row = sizeof(ddim::step_row);
    CHECK(std::memcmp(last.rows, whole.rows + 7, 3 * row) == 0);
    CHECK(std::memcmp(first.rows, whole.rows, 3 * row) == 0);
    CHECK(std::memcmp(middle.rows, whole.rows + 4, 2 * row) == 0);
    CHECK(ddim::last_levels(all, 0).state == status::steps_out_of_range);
    CHECK(ddim::last_levels(all, 11).state == status::steps_out_of_range);
    CHECK(ddim::first_levels(all, 11).state == status::steps_out_of_range);

    // A multistep solver begins anew where it is cut: the plan of the last levels is not the end of the whole plan.
    const auto multistep = ddim::dpm_solver_plan<10>(all);
    const auto anew = ddim::dpm_solver_plan<10>(ddim::last_levels(all, 3));
    CHECK(ddim::last_steps(multistep, 3).state == status::history_missing);
    REQUIRE(anew.state == status::ok);
    CHECK(anew.rows[0].u_h[0] == 0.0f);
}

TEST_CASE("lambda_min: how many timesteps lie above it") {
    for (const double bound : {-5.1, -3.0, 0.0, 2.5}) {
        int count = 0;
        while (count < 1000 && 0.5 * std::log(a_at(count) / (1.0 - a_at(count))) >= bound) ++count;
        CHECK(ddim::steps_above(schedule, bound) == count);
    }
    CHECK(ddim::steps_above(schedule, -infinity) == 1000);
    CHECK(ddim::steps_above({}, 0.0) == 0);
    static_assert(ddim::steps_above(schedule, -3.0) > 0);
}

TEST_CASE("zero terminal SNR and SNR shift, against their formulas") {
    static constexpr auto betas = ddim::betas<1000>();
    const auto zero = ddim::make_schedule(betas, {1.0, true});
    const auto floored = ddim::make_schedule(betas, {1.0, true, 0x1p-24});
    const auto shifted = ddim::make_schedule(betas, {3.0});
    REQUIRE(zero.state == status::ok);
    double product = 1.0, last = 1.0;
    for (const double beta : betas.values) last *= 1.0 - beta;
    const double first_root = std::sqrt(1.0 - betas.values[0]), last_root = std::sqrt(last);
    for (int t = 0; t < 1000; ++t) {
        product *= 1.0 - betas.values[t];
        const double root = (std::sqrt(product) - last_root) * first_root / (first_root - last_root);
        if (t < 999) CHECK(near(zero.values[t], root * root));
        CHECK(near(shifted.values[t], product / (3.0 - 2.0 * product)));
    }
    CHECK(zero.values[999] == 0.0f);
    CHECK(floored.values[999] == 0x1p-24f);
    CHECK(std::memcmp(zero.values, floored.values, 999 * sizeof(float)) == 0);
    static constexpr auto constant = ddim::make_schedule(betas, {3.0, true, 0x1p-24});
    const auto built = ddim::make_schedule(betas, {3.0, true, 0x1p-24});
    CHECK(std::memcmp(&constant, &built, sizeof built) == 0);

    for (const ddim::snr_options& wrong :
         {ddim::snr_options{0.0}, ddim::snr_options{-1.0}, ddim::snr_options{infinity},
          ddim::snr_options{not_a_number}, ddim::snr_options{1.0, true, 1.0}, ddim::snr_options{1.0, true, -0.1}})
        CHECK(ddim::make_schedule(betas, wrong).state == status::option_out_of_range);
    const double one[] = {0.1};
    CHECK(ddim::make_schedule(ddim::given_betas(one), {1.0, true}).state == status::train_steps_out_of_range);
}

TEST_CASE("recipes out of their ranges are refused") {
    const auto list = ddim::spaced_timesteps<10>(spacing::leading, 1000);
    const auto zero = ddim::make_schedule(ddim::betas<1000>(), {1.0, true});
    const auto sigmas = [&](double most, double least, double rho) {
        return state_of(ddim::karras_levels(schedule, list, {most, least, rho}));
    };
    CHECK(sigmas(10.0, 0.1, 7.0) == status::ok);
    CHECK(sigmas(0.1, 10.0, 7.0) == status::levels_out_of_range);
    CHECK(sigmas(-1.0, 0.1, 7.0) == status::levels_out_of_range);
    CHECK(sigmas(10.0, -0.1, 7.0) == status::levels_out_of_range);
    CHECK(sigmas(infinity, 0.1, 7.0) == status::levels_out_of_range);
    CHECK(sigmas(10.0, 0.1, 0.0) == status::levels_out_of_range);
    CHECK(sigmas(10.0, 0.1, not_a_number) == status::levels_out_of_range);
    // Zero terminal SNR has no largest sigma.
    CHECK(state_of(ddim::interpolated_levels(zero, 10)) == status::levels_out_of_range);
    CHECK(state_of(ddim::exponential_levels(zero, list)) == status::levels_out_of_range);
    CHECK(state_of(ddim::told_log_sigma(ddim::schedule_levels(zero, list))) == status::levels_out_of_range);
    CHECK(state_of(ddim::told_log_sigma(ddim::flow_levels(10)), prediction::flow) == status::option_out_of_range);
    CHECK(state_of(ddim::karras_levels(schedule, list, {0, 0, 7, static_cast<ddim::told_timestep>(3)})) ==
          status::option_out_of_range);

    CHECK(state_of(ddim::flow_levels(0), prediction::flow) == status::steps_out_of_range);
    CHECK(state_of(ddim::flow_levels(65), prediction::flow) == status::steps_out_of_range); // above the capacity
    const auto flow = [](auto&& spoil) {
        ddim::flow_options options;
        spoil(options);
        return state_of(ddim::flow_levels(10, options), prediction::flow);
    };
    CHECK(flow([](auto&) {}) == status::ok);
    CHECK(flow([](auto& o) { o.shift = 0.0; }) == status::levels_out_of_range);
    CHECK(flow([](auto& o) { o.shift = not_a_number; }) == status::levels_out_of_range);
    CHECK(flow([](auto& o) { o.shift_is_exponent = true, o.shift = 701.0; }) == status::levels_out_of_range);
    CHECK(flow([](auto& o) { o.first = 1.1; }) == status::levels_out_of_range);
    CHECK(flow([](auto& o) { o.last = 1.0; }) == status::levels_out_of_range);
    CHECK(flow([](auto& o) { o.last = -0.1; }) == status::levels_out_of_range);
    CHECK(flow([](auto& o) { o.terminal = 1.0; }) == status::levels_out_of_range);
    CHECK(flow([](auto& o) { o.largest = 0.0; }) == status::levels_out_of_range);
    CHECK(flow([](auto& o) { o.told_scale = infinity; }) == status::levels_out_of_range);
    CHECK(flow([](auto& o) { o.grid = static_cast<ddim::flow_grid>(3); }) == status::option_out_of_range);
    CHECK(flow([](auto& o) { o.told = static_cast<ddim::flow_told>(2); }) == status::option_out_of_range);
    static constexpr double two[] = {1.0, 0.5}, rising[] = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0};
    CHECK(flow([](auto& o) { o.sigmas = two; }) == status::values_size_mismatch);
    CHECK(flow([](auto& o) { o.sigmas = rising; }) == status::levels_out_of_range);
    CHECK(flow([](auto& o) { o.sigmas = {nullptr, 10}; }) == status::values_null);

    CHECK(state_of(ddim::logsnr_levels(10, {0.1, 0.05})) == status::levels_out_of_range);
    CHECK(state_of(ddim::logsnr_levels(10, {0.1, 20.0, 1e-3, 1.0})) == status::levels_out_of_range);
    CHECK(state_of(ddim::logsnr_levels(10, {0.1, 20.0, 1.0, 0.0})) == status::levels_out_of_range);
    CHECK(state_of(ddim::edm_levels(10, {80.0, 0.002, 7.0, 0.0}), prediction::edm) == status::levels_out_of_range);
    CHECK(state_of(ddim::edm_levels(10, {80.0, 90.0}), prediction::edm) == status::levels_out_of_range);

    for (const ddim::timed_level& wrong :
         {ddim::timed_level{1.0, -0.1, 1.0}, ddim::timed_level{1.0, 0.0, 0.0}, ddim::timed_level{1.0, 1.0, infinity},
          ddim::timed_level{not_a_number, 0.5, 0.5}}) {
        const ddim::timed_level listed[] = {{2.0, 0.1, 0.9}, wrong};
        CHECK(state_of(ddim::listed_levels(listed)) == status::levels_out_of_range);
        const ddim::timed_level good[] = {{2.0, 0.1, 0.9}};
        CHECK(state_of(ddim::listed_levels(good, wrong)) == status::levels_out_of_range);
    }
    CHECK(state_of(ddim::listed_levels({nullptr, 3})) == status::values_null);
    for (const ddim::timed_sigma& wrong : {ddim::timed_sigma{1.0, 0.0}, ddim::timed_sigma{1.0, -1.0},
                                           ddim::timed_sigma{1.0, infinity}, ddim::timed_sigma{not_a_number, 1.0}}) {
        const ddim::timed_sigma listed[] = {{2.0, 5.0}, wrong};
        CHECK(state_of(ddim::sigma_levels(listed)) == status::levels_out_of_range);
    }
    CHECK(state_of(ddim::sigma_levels({nullptr, 3})) == status::values_null);

    for (const ddim::timestep_pair& wrong : {ddim::timestep_pair{5, 5}, ddim::timestep_pair{5, 6}}) {
        const ddim::timestep_pair pairs[] = {wrong};
        CHECK(state_of(ddim::paired_levels(schedule, pairs)) == status::timesteps_not_descending);
    }
    const ddim::timestep_pair beyond[] = {{1000, 5}}, below[] = {{-1, -2}}, good[] = {{10, 9}};
    CHECK(state_of(ddim::paired_levels(schedule, beyond)) == status::timestep_out_of_range);
    CHECK(state_of(ddim::paired_levels(schedule, below)) == status::timestep_out_of_range);
    CHECK(state_of(ddim::paired_levels(schedule, good, final_alpha::one, 1000)) == status::timestep_out_of_range);
    CHECK(state_of(ddim::paired_levels(schedule, {nullptr, 2})) == status::values_null);

    CHECK(state_of(ddim::starting_at(ddim::flow_levels(3), static_cast<ddim::start_scale>(3)), prediction::flow) ==
          status::option_out_of_range);
    // A recipe cut by hand, beyond what it has.
    for (const auto& [first, steps] : {std::pair{-1, 3}, {8, 3}, {0, 11}, {0, 0}}) {
        ddim::levels cut = ddim::schedule_levels(schedule, list);
        cut.first = first;
        cut.steps = steps;
        CHECK(state_of(cut) == status::steps_out_of_range);
    }
    // Predictions on levels that are not theirs.
    CHECK(state_of(ddim::flow_levels(3), prediction::v_prediction) == status::prediction_undefined);
    CHECK(state_of(ddim::schedule_levels(schedule, list), prediction::flow) == status::prediction_undefined);
    CHECK(state_of(ddim::flow_levels(3), prediction::epsilon) == status::prediction_undefined); // alpha 0
}
