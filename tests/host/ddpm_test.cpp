// The DDPM side: functions on arrays against closed forms and the reference's own buffers, variances and weights.
#include "ddim/ddpm.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "support/config.hpp"
#include "support/golden.hpp"
#include "support/run.hpp"

namespace {

using ddim::ddpm_buffer;
using ddim::status;
using test_support::view;
using test_support::wide;

constexpr int train_steps = 1000;
constexpr auto betas = ddim::betas<train_steps>();
constexpr auto schedule = ddim::make_schedule(betas);
constexpr double ulp = 0x1p-24; ///< relative error of one rounding to float32
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

// 257 values: x0 and noise that no scale can tell apart by accident.
constexpr std::size_t count = 257;
const std::vector<float> some_x0 = golden::gauss(2, count);
const std::vector<float> some_noise = golden::gauss(5, count);

double a_at(int t) { return t < 0 ? 1.0 : wide(schedule.values[t]); }

/// Row `which` of the reference's registered buffers.
std::vector<float> golden_buffer(ddpm_buffer which) {
    const std::vector<float> all = golden::read_floats("sched/linear.f32.npy");
    const auto first = all.begin() + static_cast<int>(which) * train_steps;
    return {first, first + train_steps};
}

/// How far result = p first + q second may be from the exact sum: p, q, two products and the sum are each rounded.
double rounding(double p, float first, double q, float second) {
    return 3.0 * ulp * (std::fabs(p * wide(first)) + std::fabs(q * wide(second)));
}

using ddpm_function = status (*)(ddim::schedule_view, int, ddim::span<const float>, ddim::span<const float>,
                                 ddim::span<float>) noexcept;

struct pair {
    double p, q;
};

/// Calls check(t, p, q) with the two scales that a function applies at every timestep, read off unit inputs.
template <class Check>
void for_each_scale(ddpm_function function, Check&& check) {
    const float units[] = {1.0f, 0.0f, 1.0f};
    const ddim::span<const float> first{units, 2}, second{units + 1, 2};
    for (int t = 0; t < train_steps; ++t) {
        float result[2] = {};
        REQUIRE(function(schedule, t, first, second, {result, 2}) == status::ok);
        check(t, pair{wide(result[0]), wide(result[1])});
    }
}

} // namespace

TEST_CASE("q_sample: sqrt(a) x0 + sqrt(1 - a) noise at every timestep") {
    std::vector<float> x(count);
    for (int t = 0; t < train_steps; ++t) {
        REQUIRE(ddim::q_sample(schedule, t, view(some_x0), view(some_noise), {x.data(), count}) == status::ok);
        const double p = std::sqrt(a_at(t)), q = std::sqrt(1.0 - a_at(t));
        for (std::size_t i = 0; i < count; ++i) {
            const double want = p * wide(some_x0[i]) + q * wide(some_noise[i]);
            REQUIRE(std::fabs(wide(x[i]) - want) <= rounding(p, some_x0[i], q, some_noise[i]));
        }
    }
}

TEST_CASE("predict_start_from_noise takes q_sample back at every timestep") {
    std::vector<float> x(count), x0(count);
    for (int t = 0; t < train_steps; ++t) {
        REQUIRE(ddim::q_sample(schedule, t, view(some_x0), view(some_noise), {x.data(), count}) == status::ok);
        REQUIRE(ddim::predict_start_from_noise(schedule, t, view(x), view(some_noise), {x0.data(), count}) ==
                status::ok);
        const double p = std::sqrt(1.0 / a_at(t)), q = std::sqrt(1.0 / a_at(t) - 1.0);
        for (std::size_t i = 0; i < count; ++i) {
            // The rounding of x, magnified by p, and that of this call.
            const double slack = rounding(p, x[i], q, some_noise[i]) +
                                 p * rounding(1.0 / p, some_x0[i], std::sqrt(1.0 - a_at(t)), some_noise[i]);
            REQUIRE(std::fabs(wide(x0[i]) - wide(some_x0[i])) <= slack);
        }
    }
}

TEST_CASE("the scales of q_sample and predict_start_from_noise are the reference's buffers") {
    const auto sqrt_a = golden_buffer(ddpm_buffer::sqrt_alphas_cumprod);
    const auto sqrt_b = golden_buffer(ddpm_buffer::sqrt_one_minus_alphas_cumprod);
    const auto recip = golden_buffer(ddpm_buffer::sqrt_recip_alphas_cumprod);
    const auto recipm1 = golden_buffer(ddpm_buffer::sqrt_recipm1_alphas_cumprod);
    // Ours start from alphas_cumprod rounded to float32, a (1 + ulp). The root halves that; 1 - a magnifies it by
    // a / (1 - a), 1 / a - 1 by 1 / (1 - a). Then both sides are rounded once more.
    for_each_scale(&ddim::q_sample, [&](int t, pair scale) {
        const std::size_t i = static_cast<std::size_t>(t);
        const double a = a_at(t);
        CHECK(std::fabs(scale.p - wide(sqrt_a[i])) <= 2.5 * ulp * scale.p);
        CHECK(std::fabs(scale.q - wide(sqrt_b[i])) <= (0.5 * a / (1.0 - a) + 2.0) * ulp * scale.q);
    });
    for_each_scale(&ddim::predict_start_from_noise, [&](int t, pair scale) {
        const std::size_t i = static_cast<std::size_t>(t);
        CHECK(std::fabs(scale.p - wide(recip[i])) <= 2.5 * ulp * scale.p);
        CHECK(std::fabs(-scale.q - wide(recipm1[i])) <= (0.5 / (1.0 - a_at(t)) + 2.0) * ulp * -scale.q);
    });
}

TEST_CASE("q_posterior_mean between two levels that underflowed to 0 is refused") {
    static const auto low = ddim::linear_schedule<1000>(0.5, 0.99);
    REQUIRE(low.values[998] == 0.0f);
    const float x0[] = {1.0f}, x[] = {1.0f};
    float mean[] = {5.0f};
    CHECK(ddim::q_posterior_mean(low, 999, x0, x, mean) == status::prediction_undefined);
    CHECK(mean[0] == 5.0f);
}

TEST_CASE("q_posterior_mean: Bayes' rule at every timestep, the reference's coefficients") {
    const auto coef1 = golden_buffer(ddpm_buffer::posterior_mean_coef1);
    const auto coef2 = golden_buffer(ddpm_buffer::posterior_mean_coef2);
    for_each_scale(&ddim::q_posterior_mean, [&](int t, pair scale) {
        const std::size_t i = static_cast<std::size_t>(t);
        const double a = a_at(t), a_prev = a_at(t - 1), alpha = a / a_prev, beta = 1.0 - alpha;
        if (t > 0) {
            // q(x_{t-1} | x_t, x0) is proportional to the prior N(sqrt(a') x0, 1 - a') times the likelihood
            // N(x_t; sqrt(alpha) x_{t-1}, beta): precisions add, and weigh the means.
            const double precision = 1.0 / (1.0 - a_prev) + alpha / beta;
            CHECK(scale.p == doctest::Approx(std::sqrt(a_prev) / (1.0 - a_prev) / precision).epsilon(2.0 * ulp));
            CHECK(scale.q == doctest::Approx(std::sqrt(alpha) / beta / precision).epsilon(2.0 * ulp));
        }
        // Against the buffers: beta = 1 - a / a' of two rounded levels loses alpha / beta, 1 - a loses a / (1 - a).
        const double lost = (2.0 * alpha / beta + a / (1.0 - a) + 2.0) * ulp;
        CHECK(std::fabs(scale.p - wide(coef1[i])) <= lost * scale.p);
        const double lost_prev = t > 0 ? (a_prev / (1.0 - a_prev) + a / (1.0 - a) + 3.0) * ulp : 0.0;
        CHECK(std::fabs(scale.q - wide(coef2[i])) <= lost_prev * scale.q);
    });
    float result[2];
    const float x0[] = {0.25f, -3.0f}, x[] = {7.0f, 8.0f};
    REQUIRE(ddim::q_posterior_mean(schedule, 0, x0, x, result) == status::ok);
    CHECK(result[0] == x0[0]); // the posterior at t = 0 is x0 itself
    CHECK(result[1] == x0[1]);
}

TEST_CASE("a result may be one of the inputs") {
    std::vector<float> apart(count), in_place = some_x0;
    REQUIRE(ddim::q_sample(schedule, 500, view(some_x0), view(some_noise), {apart.data(), count}) == status::ok);
    REQUIRE(ddim::q_sample(schedule, 500, view(in_place), view(some_noise), {in_place.data(), count}) == status::ok);
    CHECK(in_place == apart);
    in_place = some_noise;
    REQUIRE(ddim::q_sample(schedule, 500, view(some_x0), view(in_place), {in_place.data(), count}) == status::ok);
    CHECK(in_place == apart);
}

TEST_CASE("v_posterior mixes the posterior's variance with beta") {
    const auto small = ddim::ddpm_table(betas, ddpm_buffer::posterior_variance, 0.0);
    const auto large = ddim::ddpm_table(betas, ddpm_buffer::posterior_variance, 1.0);
    for (int t = 0; t < train_steps; ++t) CHECK(large.values[t] == static_cast<float>(betas.values[t]));
    CHECK(small.values[0] == 0.0f);
    for (const double v : {0.0, 0.25, 0.5, 1.0}) {
        const auto variance = ddim::ddpm_table(betas, ddpm_buffer::posterior_variance, v);
        const auto log_variance = ddim::ddpm_table(betas, ddpm_buffer::posterior_log_variance_clipped, v);
        REQUIRE(variance.state == status::ok);
        REQUIRE(log_variance.state == status::ok);
        double product_prev = 1.0;
        for (int t = 0; t < train_steps; ++t) {
            const double beta = betas.values[t], product = product_prev * (1.0 - beta);
            const double want = (1.0 - v) * beta * (1.0 - product_prev) / (1.0 - product) + v * beta;
            REQUIRE(std::fabs(wide(variance.values[t]) - want) <= 1.01 * ulp * want);
            const double log_want = std::log(std::fmax(want, 1e-20));
            REQUIRE(std::fabs(wide(log_variance.values[t]) - log_want) <= 1.01 * ulp * std::fabs(log_want));
            product_prev = product;
        }
    }
    const auto log_variance = ddim::ddpm_table(betas, ddpm_buffer::posterior_log_variance_clipped);
    CHECK(log_variance.values[0] == doctest::Approx(-46.0517).epsilon(1e-6));
    // The other buffers have no variance in them.
    for (const ddpm_buffer which : {ddpm_buffer::posterior_mean_coef1, ddpm_buffer::lvlb_weights_x0})
        CHECK(ddim::ddpm_table(betas, which, 1.0).values[500] == ddim::ddpm_table(betas, which).values[500]);
}

TEST_CASE("v_posterior is the noise of ddpm_plan, and it changes nothing else in a row") {
    const auto all = ddim::spaced_timesteps<train_steps>(ddim::spacing::leading, train_steps);
    static ddim::plan<train_steps> small, mixed;
    const ddim::levels levels = ddim::schedule_levels(schedule, all);
    small = ddim::ddpm_plan<train_steps>(levels);
    for (const double v : {0.0, 0.3, 1.0}) {
        ddim::ddpm_options options;
        options.v_posterior = v;
        mixed = ddim::ddpm_plan<train_steps>(levels, options);
        REQUIRE(mixed.state == status::ok);
        const auto variance = ddim::ddpm_table(betas, ddpm_buffer::posterior_variance, v);
        for (int i = 0; i + 1 < train_steps; ++i) {
            const int t = train_steps - 1 - i;
            const double a = a_at(t), alpha = a / a_at(t - 1);
            // The plan's betas come from rounded levels, the table's are exact: see q_posterior_mean above.
            const double lost =
                (2.0 * alpha / (1.0 - alpha) + a_at(t - 1) / (1.0 - a_at(t - 1)) + a / (1.0 - a)) * ulp;
            const double squared = wide(mixed.rows[i].u_n) * wide(mixed.rows[i].u_n);
            REQUIRE(std::fabs(squared - wide(variance.values[t])) <= (lost + 3.0 * ulp) * squared);
            ddim::step_row row = mixed.rows[i];
            row.u_n = small.rows[i].u_n;
            REQUIRE(std::memcmp(&row, &small.rows[i], sizeof row) == 0);
        }
        CHECK(mixed.rows[train_steps - 1].u_n == 0.0f); // the last step adds no noise
    }
}

TEST_CASE("lvlb_weights of epsilon prediction, with any v_posterior") {
    for (const double v : {0.0, 0.5, 1.0}) {
        const auto weights = ddim::ddpm_table(betas, ddpm_buffer::lvlb_weights, v);
        const auto variance = ddim::ddpm_table(betas, ddpm_buffer::posterior_variance, v);
        REQUIRE(weights.state == status::ok);
        for (int t = 1; t < train_steps; ++t) {
            const double beta = betas.values[t], a = a_at(t);
            const double want = beta * beta / (2.0 * wide(variance.values[t]) * (1.0 - beta) * (1.0 - a));
            REQUIRE(wide(weights.values[t]) == doctest::Approx(want).epsilon(10.0 * ulp));
        }
        CHECK(weights.values[0] == weights.values[1]);
    }
    CHECK(ddim::ddpm_table(betas, ddpm_buffer::lvlb_weights).values[0] ==
          doctest::Approx(0.5031923652).epsilon(1e-6));
}

TEST_CASE("lvlb_weights of x0 prediction, as meant and with the reference's slip") {
    const auto meant = ddim::ddpm_table(betas, ddpm_buffer::lvlb_weights_x0);
    const auto slip = ddim::ddpm_table(betas, ddpm_buffer::lvlb_weights_x0_reference);
    REQUIRE(meant.state == status::ok);
    REQUIRE(slip.state == status::ok);
    for (int t = 1; t < train_steps; ++t) {
        // The reference's line in its own float32: 0.5 sqrt(a) / (2. * 1 - a).
        const float a = schedule.values[t];
        const double reference = wide(0.5f * std::sqrt(a) / (2.0f * 1.0f - a));
        REQUIRE(std::fabs(wide(slip.values[t]) - reference) <= 4.0 * ulp * reference);
        // The slip took the 2 out of the bracket: 2 (1 - a) became 2 - a. a / (1 - a) magnifies a's rounding.
        const double ratio = (2.0 - a_at(t)) / (2.0 * (1.0 - a_at(t)));
        const double lost = (a_at(t) / (1.0 - a_at(t)) + 4.0) * ulp;
        REQUIRE(std::fabs(wide(meant.values[t]) / wide(slip.values[t]) - ratio) <= lost * ratio);
    }
    CHECK(meant.values[0] == meant.values[1]); // w[0] = w[1] is the reference's for both parameterisations
    CHECK(slip.values[0] == slip.values[1]);
}

TEST_CASE("lvlb_weights of a single timestep are 0: there is no neighbour to copy") {
    const double one[] = {0.1};
    for (const ddpm_buffer which :
         {ddpm_buffer::lvlb_weights, ddpm_buffer::lvlb_weights_x0, ddpm_buffer::lvlb_weights_x0_reference}) {
        const auto table = ddim::ddpm_table(ddim::given_betas(one), which);
        REQUIRE(table.state == status::ok);
        CHECK(table.values[0] == 0.0f);
    }
}

TEST_CASE("the DDPM functions: every refusal, and nothing written") {
    const float values[] = {1, 2, 3, 4, 5, 6, 7, 8};
    float written[4] = {-1, -1, -1, -1};
    const ddim::span<const float> first{values, 4}, second{values + 4, 4}, none{}, three{values, 3}, null{nullptr, 4};
    const ddim::span<float> result{written, 4};
    const auto refused_schedule = ddim::scaled_linear_schedule<10>(-1.0, 0.012);
    for (const ddpm_function call : {&ddim::q_sample, &ddim::predict_start_from_noise, &ddim::q_posterior_mean}) {
        CHECK(call(refused_schedule, 0, first, second, result) == status::beta_out_of_range);
        CHECK(call(ddim::schedule_view{}, 0, first, second, result) == status::train_steps_out_of_range);
        CHECK(call(schedule, -1, first, second, result) == status::timestep_out_of_range);
        CHECK(call(schedule, train_steps, first, second, result) == status::timestep_out_of_range);
        CHECK(call(schedule, 5, none, second, result) == status::values_null);
        CHECK(call(schedule, 5, first, null, result) == status::values_null);
        CHECK(call(schedule, 5, first, second, {nullptr, 4}) == status::values_null);
        CHECK(call(schedule, 5, three, second, result) == status::values_size_mismatch);
        CHECK(call(schedule, 5, first, three, result) == status::values_size_mismatch);
        CHECK(call(schedule, 5, first, second, {written, 3}) == status::values_size_mismatch);
    }
    for (const float value : written) CHECK(value == -1.0f);

    const double zero_snr[] = {0.5, 1.0}; // alphas_cumprod ends at 0
    const auto to_zero = ddim::make_schedule(ddim::given_betas(zero_snr));
    CHECK(ddim::predict_start_from_noise(to_zero, 1, first, second, result) == status::prediction_undefined);
    const double tiny[] = {1e-9, 0.5}; // alphas_cumprod rounds to 1
    const auto from_one = ddim::make_schedule(ddim::given_betas(tiny));
    CHECK(ddim::q_posterior_mean(from_one, 0, first, second, result) == status::prediction_undefined);
    for (const float value : written) CHECK(value == -1.0f);
    CHECK(ddim::q_sample(to_zero, 1, first, second, result) == status::ok);
    for (std::size_t i = 0; i < 4; ++i) CHECK(written[i] == values[4 + i]); // pure noise
}

TEST_CASE("ddpm_table: refused options") {
    for (const double v : {-0.01, 1.01, not_a_number}) {
        CAPTURE(v);
        CHECK(ddim::ddpm_table(betas, ddpm_buffer::posterior_variance, v).state == status::v_posterior_out_of_range);
    }
    CHECK(ddim::ddpm_table(betas, static_cast<ddpm_buffer>(-1)).state == status::option_out_of_range);
    CHECK(ddim::ddpm_table(betas, static_cast<ddpm_buffer>(15)).state == status::option_out_of_range);
}
