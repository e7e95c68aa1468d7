// Models whose answer is known in closed form: data from a Gaussian and from a mixture of two.
//
// At level a (alphas_cumprod) data N(mu, s^2) has the marginal N(sqrt(a) mu, a s^2 + 1 - a), and the exact epsilon is
// -sqrt(1 - a) times its score. DDIM at eta 0 is a first-order method for the probability flow, which in one
// dimension carries each quantile of the first marginal to the same quantile of the last (Song et al. 2021,
// section 4.3).
#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "ddim/host.hpp"
#include "support/arena.hpp"
#include "support/config.hpp"

namespace {

using ddim::spacing;
using ddim::status;
using test_support::schedule;

/// weight N(mean, deviation^2) + ...; a plain Gaussian is a mixture with both components alike.
struct mixture {
    double weight[2];
    double mean[2];
    double deviation[2];

    double level_mean(int k, double a) const { return std::sqrt(a) * mean[k]; }
    double level_variance(int k, double a) const { return a * deviation[k] * deviation[k] + 1.0 - a; }

    double epsilon(double x, double a) const {
        double density = 0.0, slope = 0.0;
        for (int k = 0; k < 2; ++k) {
            const double variance = level_variance(k, a);
            const double from_mean = x - level_mean(k, a);
            const double part = weight[k] / std::sqrt(variance) * std::exp(-0.5 * from_mean * from_mean / variance);
            density += part;
            slope -= part * from_mean / variance;
        }
        return -std::sqrt(1.0 - a) * slope / density;
    }

    double cumulative(double x, double a) const {
        double total = 0.0;
        for (int k = 0; k < 2; ++k)
            total += weight[k] * 0.5 * std::erfc(-(x - level_mean(k, a)) / std::sqrt(2.0 * level_variance(k, a)));
        return total;
    }

    /// Where the probability flow carries x from level a to level `end`.
    double flow_end(double x, double a, double end) const {
        const double quantile = cumulative(x, a);
        double low = -20.0, high = 20.0;
        for (int i = 0; i < 80; ++i) {
            const double middle = 0.5 * (low + high);
            (cumulative(middle, end) < quantile ? low : high) = middle;
        }
        return 0.5 * (low + high);
    }

    static int call(void* context, const ddim::model_call& call) noexcept {
        const mixture& self = *static_cast<mixture*>(context);
        const double a = static_cast<double>(schedule.values[call.timestep_index]);
        const float* x = static_cast<const float*>(call.input);
        float* epsilon = static_cast<float*>(call.output);
        for (std::int64_t i = 0; i < call.rows * call.elements; ++i)
            epsilon[i] = static_cast<float>(self.epsilon(static_cast<double>(x[i]), a));
        return 0;
    }
};

constexpr mixture gaussian{{0.5, 0.5}, {1.5, 1.5}, {0.5, 0.5}};
constexpr mixture two_peaks{{0.3, 0.7}, {-1.0, 0.8}, {0.3, 0.4}};

void sample(mixture data, int steps, double eta, ddim::final_alpha final, ddim::initial_state initial,
            std::vector<float>& x) {
    const auto list = ddim::spaced_timesteps<1000>(spacing::linspace, 1000, steps);
    static ddim::step_row rows[1000];
    ddim::sampler_config config =
        test_support::make_config(ddim::fill_ddim_rows(ddim::schedule_levels(schedule, list, final), {eta}, rows),
                                  {1, static_cast<std::int64_t>(x.size())}, {&mixture::call, &data});
    config.backend = ddim::host_backend();
    config.initial = initial;
    test_support::guarded_arena arena(test_support::arena_bytes_of(config));
    config.arena = arena.view();
    ddim::sampler sampler;
    REQUIRE(sampler.init(config) == status::ok);
    REQUIRE(sampler.run({x.data(), x.size()}, 1) == status::ok);
}

/// Root mean square distance of DDIM from the flow, over starts spread over +-2. It ends at alphas_cumprod[0]: a
/// jump from there to 1 would be the same for every S.
double flow_error(const mixture& data, int steps) {
    std::vector<float> x;
    for (int i = -20; i <= 20; ++i) x.push_back(static_cast<float>(i) / 10.0f);
    const std::vector<float> start = x;
    sample(data, steps, 0.0, ddim::final_alpha::first, ddim::initial_state::given, x);
    double sum = 0.0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double exact = data.flow_end(static_cast<double>(start[i]), static_cast<double>(schedule.values[999]),
                                           static_cast<double>(schedule.values[0]));
        sum += (static_cast<double>(x[i]) - exact) * (static_cast<double>(x[i]) - exact);
    }
    return std::sqrt(sum / static_cast<double>(x.size()));
}

struct moments {
    double mean = 0.0;
    double variance = 0.0;
    double third = 0.0; ///< central
};

moments moments_of(const std::vector<float>& x) {
    moments m;
    const double n = static_cast<double>(x.size());
    for (const float value : x) m.mean += static_cast<double>(value) / n;
    for (const float value : x) {
        const double d = static_cast<double>(value) - m.mean;
        m.variance += d * d / n;
        m.third += d * d * d / n;
    }
    return m;
}

} // namespace

TEST_CASE("eta 0: the distance from the probability flow halves as the steps double") {
    for (const mixture& data : {gaussian, two_peaks}) {
        double previous = flow_error(data, 16);
        double ratio = 0.0;
        for (int steps = 32; steps <= 512; steps *= 2) {
            const double error = flow_error(data, steps);
            ratio = previous / error;
            CAPTURE(steps);
            // First order: the ratio rises to 2 as the terms of second order fade.
            CHECK(ratio > 1.84);
            CHECK(ratio < 2.02);
            previous = error;
        }
        CHECK(ratio > 1.96);
        CHECK(previous < 0.005);
    }
}

TEST_CASE("S = 1000: mean, variance and third moment are the data's, at eta 0 and eta 1") {
    for (const double eta : {0.0, 1.0}) {
        std::vector<float> x(40000);
        sample(two_peaks, 1000, eta, ddim::final_alpha::one, ddim::initial_state::drawn, x);
        const moments got = moments_of(x);
        const double mean = 0.3 * -1.0 + 0.7 * 0.8;
        const double d0 = -1.0 - mean, d1 = 0.8 - mean;
        const double variance = 0.3 * (0.09 + d0 * d0) + 0.7 * (0.16 + d1 * d1);
        const double third = 0.3 * (d0 * d0 * d0 + 3 * d0 * 0.09) + 0.7 * (d1 * d1 * d1 + 3 * d1 * 0.16);
        CAPTURE(eta);
        // Five standard errors of 40000 draws (0.90 / 200 = 0.0045, 1.1 / 200, 2.5 / 200), and the start: x_T is
        // drawn from N(0, 1) where the marginal has the mean sqrt(0.00466) 0.26 = 0.018.
        CHECK(std::fabs(got.mean - mean) < 0.0225 + 0.018);
        CHECK(std::fabs(got.variance - variance) < 0.0275 + 0.01);
        CHECK(std::fabs(got.third - third) < 0.0625 + 0.02);
    }
}
