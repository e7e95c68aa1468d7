// The order of each solver, on data whose probability flow is known: as the steps double, the error falls by 2^order.
//
// The levels are even in lambda = ln(alpha / sigma), which the model is told. They start where almost nothing of the
// sample is seen, so that the first steps of a multistep solver, of lower order, cost nothing; the model predicts x0,
// so that its rounding is not magnified there.
#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <vector>

#include "ddim/host.hpp"
#include "support/config.hpp"
#include "support/run.hpp"

namespace {

using ddim::prediction;
using ddim::status;

constexpr double first_lambda = -5.0;
constexpr double last_lambda = 3.0;
constexpr int most_steps = 128;

double alpha_of(double lambda) { return 1.0 / std::sqrt(1.0 + std::exp(-2.0 * lambda)); }
double sigma_of(double lambda) { return 1.0 / std::sqrt(1.0 + std::exp(2.0 * lambda)); }

/// Two normal distributions, mixed. x = alpha x0 + sigma noise is then of the same kind.
struct mixture {
    double weight[2];
    double mean[2];
    double deviation[2];

    double variance_at(int k, double alpha, double sigma) const {
        return alpha * alpha * deviation[k] * deviation[k] + sigma * sigma;
    }

    /// E(x0 | x).
    double clean(double x, double lambda) const {
        const double alpha = alpha_of(lambda), sigma = sigma_of(lambda);
        double density = 0.0, sum = 0.0;
        for (int k = 0; k < 2; ++k) {
            const double variance = variance_at(k, alpha, sigma), from_mean = x - alpha * mean[k];
            const double part = weight[k] / std::sqrt(variance) * std::exp(-0.5 * from_mean * from_mean / variance);
            density += part;
            sum += part * (mean[k] + alpha * deviation[k] * deviation[k] * from_mean / variance);
        }
        return sum / density;
    }

    double cumulative(double x, double lambda) const {
        const double alpha = alpha_of(lambda), sigma = sigma_of(lambda);
        double total = 0.0;
        for (int k = 0; k < 2; ++k)
            total +=
                weight[k] * 0.5 * std::erfc(-(x - alpha * mean[k]) / std::sqrt(2.0 * variance_at(k, alpha, sigma)));
        return total;
    }

    /// Where the probability flow carries x: to the same quantile.
    double flow_end(double x) const {
        const double quantile = cumulative(x, first_lambda);
        double low = -20.0, high = 20.0;
        for (int i = 0; i < 80; ++i) {
            const double middle = 0.5 * (low + high);
            (cumulative(middle, last_lambda) < quantile ? low : high) = middle;
        }
        return 0.5 * (low + high);
    }

    static int call(void* context, const ddim::model_call& call) noexcept {
        const mixture& self = *static_cast<mixture*>(context);
        const float* x = static_cast<const float*>(call.input);
        float* clean = static_cast<float*>(call.output);
        for (std::int64_t i = 0; i < call.rows * call.elements; ++i)
            clean[i] = static_cast<float>(self.clean(static_cast<double>(x[i]), static_cast<double>(call.timestep)));
        return 0;
    }
};

constexpr mixture gaussian{{0.5, 0.5}, {1.5, 1.5}, {0.5, 0.5}};
constexpr mixture two_peaks{{0.3, 0.7}, {-1.0, 0.8}, {0.5, 0.6}};

/// The recipe of `steps` even steps, in `list`.
ddim::levels even_levels(int steps, std::vector<ddim::timed_level>& list) {
    for (int i = 0; i <= steps; ++i) {
        // What the model is told is a float: the level is that one's.
        const double lambda =
            static_cast<double>(static_cast<float>(first_lambda + (last_lambda - first_lambda) * i / steps));
        list.push_back({lambda, alpha_of(lambda), sigma_of(lambda)});
    }
    return ddim::listed_levels({list.data(), static_cast<std::size_t>(steps)}, list.back());
}

using fill = ddim::plan_view (*)(const ddim::levels& recipe, ddim::span<ddim::step_row> rows);

/// Root mean square distance from the flow, over starts spread over +-2.
double error_of(fill solver, mixture data, int steps) {
    std::vector<ddim::timed_level> list;
    static ddim::step_row rows[2 * most_steps];
    const ddim::plan_view plan = solver(even_levels(steps, list), {rows, std::size(rows)});
    REQUIRE(plan.state == status::ok);
    std::vector<float> x;
    for (int i = -20; i <= 20; ++i) x.push_back(static_cast<float>(i) / 10.0f);
    const std::vector<float> start = x;
    ddim::sampler_config config =
        test_support::make_config(plan, {1, static_cast<std::int64_t>(x.size())}, {&mixture::call, &data});
    config.initial = ddim::initial_state::given;
    REQUIRE(test_support::run_config(config, x) == status::ok);
    double sum = 0.0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double away = static_cast<double>(x[i]) - data.flow_end(static_cast<double>(start[i]));
        sum += away * away;
    }
    return std::sqrt(sum / static_cast<double>(x.size()));
}

ddim::plan_view dpm_solver(int order, ddim::dpm_solver_type type, const ddim::levels& recipe,
                           ddim::span<ddim::step_row> rows) {
    ddim::dpm_solver_options options;
    options.order = order;
    options.predicts = prediction::sample;
    options.type = type;
    options.lower_order_final = false;
    return ddim::fill_dpm_solver_rows(recipe, options, rows);
}

ddim::plan_view unipc(int order, ddim::unipc_variant variant, bool corrector, const ddim::levels& recipe,
                      ddim::span<ddim::step_row> rows) {
    ddim::unipc_options options;
    options.order = order;
    options.predicts = prediction::sample;
    options.variant = variant;
    options.corrector = corrector;
    options.lower_order_final = false;
    return ddim::fill_unipc_rows(recipe, options, rows);
}

using levels = const ddim::levels&;
using rows = ddim::span<ddim::step_row>;

struct named_solver {
    const char* name;
    int order;
    fill solver;
};

const named_solver solvers[] = {
    {"DDIM", 1,
     [](levels l, rows r) {
         return ddim::fill_ddim_rows(l, {0.0, prediction::sample}, r);
     }},
    {"DPM-Solver++ 1", 1, [](levels l, rows r) { return dpm_solver(1, ddim::dpm_solver_type::midpoint, l, r); }},
    {"DPM-Solver++ 2M", 2, [](levels l, rows r) { return dpm_solver(2, ddim::dpm_solver_type::midpoint, l, r); }},
    {"DPM-Solver++ 2M, heun", 2, [](levels l, rows r) { return dpm_solver(2, ddim::dpm_solver_type::heun, l, r); }},
    // The published third-order term is half of what Taylor's series asks for: see the next case.
    {"DPM-Solver++ 3M", 2, [](levels l, rows r) { return dpm_solver(3, ddim::dpm_solver_type::midpoint, l, r); }},
    {"UniPC-1", 2, [](levels l, rows r) { return unipc(1, ddim::unipc_variant::bh2, true, l, r); }},
    {"UniPC-2, bh1, no corrector", 2,
     [](levels l, rows r) { return unipc(2, ddim::unipc_variant::bh1, false, l, r); }},
    {"UniPC-2", 3, [](levels l, rows r) { return unipc(2, ddim::unipc_variant::bh2, true, l, r); }},
    {"UniPC-3, no corrector", 3, [](levels l, rows r) { return unipc(3, ddim::unipc_variant::bh2, false, l, r); }},
    {"UniPC-3, bh1", 3, [](levels l, rows r) { return unipc(3, ddim::unipc_variant::bh1, true, l, r); }},
    {"Heun", 2, [](levels l, rows r) { return ddim::fill_heun_rows(l, {prediction::sample}, r); }},
};

/// Below this the rounding of 128 float32 steps shows.
constexpr double rounding = 4e-6;

} // namespace

TEST_CASE("the distance from the probability flow falls with each solver's order") {
    for (const named_solver& each : solvers) {
        CAPTURE(std::string(each.name));
        for (const mixture& data : {gaussian, two_peaks}) {
            double error = error_of(each.solver, data, 16);
            for (int steps = 32; steps <= most_steps; steps *= 2) {
                const double before = error;
                error = error_of(each.solver, data, steps);
                if (error < rounding) continue;
                CAPTURE(steps);
                CAPTURE(error);
                // Terms of higher order still count at so few steps: less where all is even, more where they help.
                CHECK(std::log2(before / error) > each.order - 0.45);
                CHECK(std::log2(before / error) < each.order + 1.1);
            }
            CHECK(error < (each.order == 1 ? 0.02 : 1e-3));
        }
    }
}

TEST_CASE("DPM-Solver++ 3M beats 2M twice, and UniPC-3, with the third-order term, beats it") {
    const fill second = solvers[2].solver, third = solvers[4].solver, predictor = solvers[8].solver;
    for (const mixture& data : {gaussian, two_peaks}) {
        CHECK(error_of(third, data, 64) < 0.4 * error_of(second, data, 64));
        CHECK(error_of(predictor, data, 64) < 0.15 * error_of(third, data, 64));
    }
}
