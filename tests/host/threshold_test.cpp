// threshold_x0 against diffusers' _threshold_sample, written down in double.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <vector>

#include "ddim/hooks.hpp"
#include "ddim/host.hpp"
#include "host/curved_model.hpp"
#include "support/config.hpp"
#include "support/golden.hpp"
#include "support/run.hpp"

namespace {

using ddim::dynamic_thresholding;
using ddim::status;
using test_support::curved_model;
using test_support::infinity;
using test_support::make_config;
using test_support::not_a_number;
using test_support::schedule;
using test_support::wide;

int threshold(dynamic_thresholding options, std::vector<float>& x0, std::size_t samples = 1) {
    ddim::hook_call call;
    call.values = x0.data();
    call.batch = static_cast<std::int64_t>(samples);
    call.elements = static_cast<std::int64_t>(x0.size() / samples);
    return ddim::threshold_x0(&options, call);
}

/// numpy's linear quantile of the magnitudes, clamped to [1, sample_max_value].
double threshold_of(const dynamic_thresholding& options, std::vector<double> x0) {
    for (double& value : x0) value = std::fabs(value);
    std::sort(x0.begin(), x0.end());
    const double position = wide(options.ratio) * static_cast<double>(x0.size() - 1);
    const std::size_t below = static_cast<std::size_t>(position);
    const double weight = position - std::floor(position), lower = x0[below];
    // Nothing between equal ones, and nothing of what has no weight: an infinite one may be the next.
    const bool is_between = weight > 0.0 && x0[below + 1] > lower;
    const double quantile = is_between ? lower + weight * (x0[below + 1] - lower) : lower;
    return std::fmin(std::fmax(quantile, 1.0), wide(options.sample_max_value));
}

std::vector<double> thresholded(const dynamic_thresholding& options, std::vector<double> x0) {
    const double s = threshold_of(options, x0);
    for (double& value : x0) value = std::fmax(-s, std::fmin(s, value)) / s;
    return x0;
}

std::vector<double> widened(const std::vector<float>& values) { return {values.begin(), values.end()}; }

/// The quantile is some six roundings of numbers at most twice as large, x0 / s is one more.
constexpr double tolerance = 8 * 0x1p-24;

void check_sample(const dynamic_thresholding& options, const std::vector<float>& x0) {
    CAPTURE(options.ratio);
    CAPTURE(options.sample_max_value);
    CAPTURE(x0.size());
    std::vector<float> got = x0;
    REQUIRE(threshold(options, got) == 0);
    const std::vector<double> want = thresholded(options, widened(x0));
    for (std::size_t i = 0; i < x0.size(); ++i)
        REQUIRE(std::fabs(wide(got[i]) - want[i]) <= tolerance * std::fabs(want[i]));
}

/// Samples of a size: plain, quarters with many ties, small and large, equal, zeros, subnormal, infinite here and
/// there.
std::vector<std::vector<float>> samples_of(std::size_t size) {
    std::vector<std::vector<float>> samples(7, golden::gauss(11, size));
    for (std::size_t i = 0; i < size; ++i) {
        const float plain = samples[0][i];
        samples[0][i] = 1.5f * plain;
        samples[1][i] = std::rint(4.0f * plain) / 4.0f;
        samples[2][i] = std::ldexp(plain, static_cast<int>(i * 7 % 60) - 30);
        samples[3][i] = i % 2 == 0 ? 2.25f : -2.25f;
        samples[4][i] = i % 3 == 0 ? 0.0f : -0.0f;
        samples[5][i] = std::ldexp(plain, -130);
        samples[6][i] = i % 5 == 1 ? infinity : i % 7 == 2 ? -infinity : 3.0f * plain;
    }
    return samples;
}

constexpr float ratios[] = {0.0f, 0.001f, 0.25f, 0.5f, 0.75f, 0.9f, 0.995f, 1.0f};
constexpr float largest[] = {0.5f, 1.0f, 1.5f, 3.0f, 1e30f};

} // namespace

TEST_CASE("threshold_x0 is diffusers': many sizes, ratios, largest values, kinds of samples") {
    for (const std::size_t size : {1u, 2u, 3u, 4u, 5u, 17u, 255u, 256u, 257u, 1000u, 4099u})
        for (const std::vector<float>& x0 : samples_of(size))
            for (const float ratio : ratios)
                for (const float most : largest) check_sample({ratio, most}, x0);
}

TEST_CASE("threshold_x0 finds every order statistic, and the points between two") {
    const std::vector<float> x0 = golden::gauss(12, 65);
    for (int i = 0; i <= 64 * 8; ++i) check_sample({static_cast<float>(i) / (64.0f * 8.0f), 1e30f}, x0);
    std::vector<float> far = x0; // of which all are above 1
    for (float& value : far) value = value < 0.0f ? value - 1.0f : value + 1.0f;
    check_sample({0.5f, 3e38f}, {1.0f, -3e38f}); // as far apart as numbers are
    for (int i = 0; i <= 64 * 8; ++i) check_sample({static_cast<float>(i) / (64.0f * 8.0f), 1e30f}, far);
}

TEST_CASE("threshold_x0: an infinite neighbour counts where it has weight, and only there") {
    // Sorted 2, 3, infinity: the quantile is 3 at ratio 0.5, and infinite above it.
    const std::vector<float> x0{-3.0f, infinity, 2.0f};
    for (const float ratio : {0.5f, 0.55f, 0.7f, 0.8f, 0.99f, 1.0f}) {
        CAPTURE(ratio);
        std::vector<float> got = x0;
        REQUIRE(threshold({ratio, 6.0f}, got) == 0);
        const std::vector<float> want = ratio > 0.5f ? std::vector<float>{-0.5f, 1.0f, 2.0f / 6.0f}
                                                     : std::vector<float>{-1.0f, 1.0f, 2.0f / 3.0f};
        CHECK(got == want);
    }
}

TEST_CASE("threshold_x0: each sample has a threshold of its own") {
    constexpr std::size_t size = 300;
    std::vector<float> x0 = golden::gauss(13, 3 * size);
    for (std::size_t i = 0; i < size; ++i) x0[size + i] *= 5.0f; // the second is larger
    std::vector<float> together = x0;
    REQUIRE(threshold({0.9f, 100.0f}, together, 3) == 0);
    for (std::size_t sample = 0; sample < 3; ++sample) {
        const auto first = x0.begin() + static_cast<std::ptrdiff_t>(sample * size);
        std::vector<float> alone(first, first + size);
        REQUIRE(threshold({0.9f, 100.0f}, alone) == 0);
        CHECK(std::memcmp(&together[sample * size], alone.data(), size * sizeof(float)) == 0);
    }
}

TEST_CASE("threshold_x0: a NaN stays, counts as more than infinity, and the rest is right") {
    std::vector<float> x0 = golden::gauss(14, 101);
    for (float& value : x0) value *= 3.0f;
    const std::vector<std::size_t> places{3, 50, 77};
    std::vector<float> infinite = x0, poisoned = x0;
    for (const std::size_t at : places) {
        infinite[at] = infinity;
        poisoned[at] = at == 50 ? -not_a_number : not_a_number;
    }
    for (const float ratio : {0.0f, 0.5f, 0.9f, 0.96f}) { // up to the last two finite ones
        std::vector<float> got = poisoned, want = infinite;
        REQUIRE(threshold({ratio, 9.0f}, got) == 0);
        REQUIRE(threshold({ratio, 9.0f}, want) == 0);
        for (std::size_t i = 0; i < 101; ++i)
            if (std::isnan(poisoned[i]))
                CHECK(std::isnan(got[i]));
            else
                CHECK(got[i] == want[i]);
    }
    // Where the quantile itself is NaN, the threshold is 1.
    std::vector<float> got = poisoned;
    REQUIRE(threshold({1.0f, 9.0f}, got) == 0);
    for (std::size_t i = 0; i < 101; ++i)
        if (!std::isnan(poisoned[i])) CHECK(got[i] == std::fmax(-1.0f, std::fmin(1.0f, x0[i])));
}

TEST_CASE("threshold_x0 with sample_max_value 1 clips to [-1, 1], to the bit") {
    std::vector<float> x0 = golden::gauss(15, 500), want = x0;
    for (float& value : want) value = std::fmax(-1.0f, std::fmin(1.0f, value));
    REQUIRE(threshold({}, x0) == 0); // the default
    CHECK(x0 == want);
}

TEST_CASE("threshold_x0 refuses what is out of range with 1, and changes nothing then") {
    const dynamic_thresholding bad[] = {{-0.001f, 2.0f}, {1.001f, 2.0f},   {not_a_number, 2.0f}, {0.9f, 0.0f},
                                        {0.9f, -1.0f},   {0.9f, infinity}, {0.9f, not_a_number}, {infinity, 2.0f}};
    for (const dynamic_thresholding& options : bad) {
        std::vector<float> x0{5.0f, -7.0f, 0.5f};
        CHECK(threshold(options, x0) == 1);
        CHECK(x0 == std::vector<float>{5.0f, -7.0f, 0.5f});
    }
    // In a run that is hook_failed.
    const auto plan = ddim::ddim_plan<4>(schedule);
    dynamic_thresholding options{0.9f, 0.0f};
    curved_model model;
    ddim::sampler_config config = make_config(plan, {1, 3}, model.ref());
    config.x0_hook = {&ddim::threshold_x0, &options};
    std::vector<float> x(3);
    CHECK(test_support::run_config(config, x) == status::hook_failed);
}

TEST_CASE("threshold_x0 into DPM-Solver++ 2M's history: the solver's formula in double") {
    constexpr std::size_t elements = 300;
    constexpr int steps = 20;
    const auto list = ddim::spaced_timesteps<steps>(ddim::spacing::linspace, 1000);
    const auto plan = ddim::dpm_solver_plan<steps>(ddim::schedule_levels(schedule, list));
    dynamic_thresholding options{0.9f, 1.5f};
    curved_model model;
    ddim::sampler_config config = make_config(plan, {1, elements}, model.ref());
    config.initial = ddim::initial_state::given;
    config.x0_hook = {&ddim::threshold_x0, &options};
    std::vector<float> x = golden::gauss(1, elements);
    REQUIRE(test_support::run_config(config, x) == status::ok);

    const auto alpha_at = [&](int k) { return std::sqrt(wide(schedule.values[k < steps ? list.values[k] : 0])); };
    std::vector<double> state = widened(golden::gauss(1, elements)), previous;
    double previous_lambda = 0.0;
    int clipped = 0;
    for (int k = 0; k < steps; ++k) {
        const double alpha = alpha_at(k), sigma = std::sqrt(1.0 - alpha * alpha);
        const double next_alpha = alpha_at(k + 1), next_sigma = std::sqrt(1.0 - next_alpha * next_alpha);
        const double lambda = std::log(alpha / sigma), h = std::log(next_alpha / next_sigma) - lambda;
        std::vector<double> x0(elements);
        for (std::size_t i = 0; i < elements; ++i) {
            const float input = static_cast<float>(state[i]);
            const float said =
                curved_model::predict(input, static_cast<float>(list.values[k]), static_cast<std::int64_t>(i), true);
            x0[i] = (state[i] - sigma * wide(said)) / alpha;
        }
        clipped += threshold_of(options, x0) > 1.0 ? 1 : 0;
        x0 = thresholded(options, x0);
        for (std::size_t i = 0; i < elements; ++i) {
            // Algorithm 2 of Lu et al. 2022: D = (1 + 1 / 2r) x0 - 1 / 2r x0 before, r the ratio of the steps.
            const double r = (lambda - previous_lambda) / h;
            const double d = k == 0 ? x0[i] : x0[i] + (x0[i] - previous[i]) / (2.0 * r);
            state[i] = next_sigma / sigma * state[i] - next_alpha * std::expm1(-h) * d;
        }
        previous = x0;
        previous_lambda = lambda;
    }
    CHECK(clipped == steps); // the quantile was at work in each
    double farthest = 0.0;
    for (std::size_t i = 0; i < elements; ++i) {
        const double apart = std::fabs(wide(x[i]) - state[i]);
        if (!(apart <= farthest)) farthest = apart; // a NaN too
    }
    // x0 is off by some six roundings of (|x| + |epsilon|) / alpha < 5 / alpha, and a step takes 0.75 alpha of it; of
    // what x is off sigma' / sigma, some 0.7, stays in the next step: 6 * 6e-8 * 5 * 0.75 / (1 - 0.7).
    CHECK(farthest < 4.5e-6);
}
