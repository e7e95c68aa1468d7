// The numbers that chunks are fitted together by, against the formulas of those who use them, written down in double.
#include "ddim/chunking.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <cstring>
#include <vector>

#include "ddim/host.hpp"

namespace {

using ddim::action_chunk;
using ddim::prefix_schedule;
using ddim::status;

constexpr prefix_schedule schedules[] = {prefix_schedule::zeros, prefix_schedule::ones, prefix_schedule::linear,
                                         prefix_schedule::exponential};

/// Whether a float is this number rounded once. Both are worked out in double first, to some 1e-15.
bool is_rounded(float got, double want) {
    return std::fabs(static_cast<double>(got) - want) <= 0x1.0001p-24 * std::fabs(want);
}

/// torch.linspace(first, last, count + 2)[1:-1].
std::vector<double> inner_linspace(double first, double last, int count) {
    std::vector<double> values;
    const double step = (last - first) / (count + 1);
    for (int i = 1; i <= count; ++i) values.push_back(first + i * step);
    return values;
}

/// LeRobot's get_prefix_weights(delay, horizon, entries).
std::vector<double> lerobot_weights(prefix_schedule schedule, int delay, int horizon, int entries) {
    const std::size_t size = static_cast<std::size_t>(entries);
    std::vector<double> weights;
    if (schedule == prefix_schedule::ones) {
        weights.assign(static_cast<std::size_t>(horizon), 1.0);
    } else {
        weights.assign(static_cast<std::size_t>(delay), 1.0);
        if (schedule != prefix_schedule::zeros)
            for (const double w : inner_linspace(1.0, 0.0, horizon - delay))
                weights.push_back(schedule == prefix_schedule::linear ? w
                                                                      : w * std::expm1(w) / (std::exp(1.0) - 1.0));
    }
    weights.resize(size, 0.0);
    return weights;
}

/// GR00T's vel_strength: a ramp that is normalised by its last value before the ends are cut off.
std::vector<double> groot_ramp(int frozen, int overlap, int entries, double rate) {
    std::vector<double> strength(static_cast<std::size_t>(frozen), 0.0);
    for (const double t : inner_linspace(0.0, 1.0, overlap - frozen))
        strength.push_back((1.0 - std::exp(-rate * t)) / (1.0 - std::exp(-rate)));
    strength.resize(static_cast<std::size_t>(entries), 1.0);
    return strength;
}

/// LeRobot's weight of a step, g, times the time t that it starts from (1: noise).
double lerobot_step_weight(double t, double most) {
    const double tau = 1.0 - t;
    const double inverse_r2 = (t * t + tau * tau) / (t * t);
    const double c = t / tau; // infinite at the start, where torch.nan_to_num puts `most`
    return t * std::fmin(tau > 0.0 ? c * inverse_r2 : most, most);
}

/// Calls check(chunk, values) for every small chunk, with values that are no maker's.
template <class Check>
void for_each_chunk(Check&& check) {
    for (int entries = 1; entries <= 9; ++entries)
        for (int width = 1; width <= 3; ++width)
            for (int used = 1; used <= width; ++used) {
                CAPTURE(entries);
                CAPTURE(width);
                CAPTURE(used);
                std::vector<float> values(static_cast<std::size_t>(entries * width), -7.0f);
                check(action_chunk{entries, width, used}, values);
            }
}

/// Whether every action's used entries are the wanted number, and what pads the width is `padding`.
bool holds(const action_chunk& chunk, const std::vector<float>& values, const std::vector<double>& wanted,
           float padding) {
    for (int entry = 0; entry < chunk.entries; ++entry)
        for (int column = 0; column < chunk.width; ++column) {
            const float value = values[static_cast<std::size_t>(entry * chunk.width + column)];
            const double want = wanted[static_cast<std::size_t>(entry)];
            if (column < chunk.used ? !is_rounded(value, want) : value != padding) return false;
        }
    return true;
}

ddim::span<float> view(std::vector<float>& values) { return {values.data(), values.size()}; }

ddim::plan_view flow_plan(int steps, const ddim::flow_options& options = {}) {
    static ddim::step_row rows[50];
    return ddim::fill_ddim_rows(ddim::flow_levels(steps, options), {0.0, ddim::prediction::flow}, rows);
}

template <int Count>
bool same(const ddim::value_list<Count>& a, const ddim::value_list<Count>& b) {
    return a.state == status::ok && b.state == status::ok && std::memcmp(a.values, b.values, sizeof a.values) == 0;
}

/// The same list made at run time: its arguments are not constants here.
template <class Make>
void check_same_at_run_time(const decltype(std::declval<Make>()(0))& constant, Make&& make) {
    volatile int zero = 0;
    CHECK(same(constant, make(zero)));
}

} // namespace

TEST_CASE("prefix_mask: 1 in the first entries and in the padding, for every small chunk") {
    for_each_chunk([](const action_chunk& chunk, std::vector<float>& values) {
        for (int length = 0; length <= chunk.entries; ++length) {
            CAPTURE(length);
            std::vector<double> wanted(static_cast<std::size_t>(length), 1.0);
            wanted.resize(static_cast<std::size_t>(chunk.entries), 0.0);
            REQUIRE(ddim::fill_prefix_mask(chunk, length, view(values)) == status::ok);
            REQUIRE(holds(chunk, values, wanted, 1.0f));
        }
    });
}

TEST_CASE("prefix_weights are LeRobot's: every schedule, small chunk, delay and horizon") {
    for_each_chunk([](const action_chunk& chunk, std::vector<float>& values) {
        for (const prefix_schedule schedule : schedules)
            for (int horizon = 0; horizon <= chunk.entries; ++horizon)
                for (int delay = 0; delay <= horizon; ++delay) {
                    CAPTURE(static_cast<int>(schedule));
                    CAPTURE(horizon);
                    CAPTURE(delay);
                    REQUIRE(ddim::fill_prefix_weights(chunk, delay, horizon, schedule, view(values)) == status::ok);
                    const auto wanted = lerobot_weights(schedule, delay, horizon, chunk.entries);
                    REQUIRE(holds(chunk, values, wanted, 0.0f));
                }
    });
}

TEST_CASE("prefix_weights of a real chunk: 50 actions of 32, of which 14 are used") {
    const action_chunk chunk{50, 32, 14};
    std::vector<float> values(50 * 32);
    for (const prefix_schedule schedule : schedules) {
        REQUIRE(ddim::fill_prefix_weights(chunk, 4, 20, schedule, view(values)) == status::ok);
        CHECK(holds(chunk, values, lerobot_weights(schedule, 4, 20, 50), 0.0f));
    }
}

TEST_CASE("ramp_gain is GR00T's ramp: every small chunk, frozen part, overlap, many rates") {
    for_each_chunk([](const action_chunk& chunk, std::vector<float>& values) {
        for (const double rate : {0.01, 0.5, 1.0, 2.0, 6.0, 20.0, 100.0})
            for (int overlap = 0; overlap <= chunk.entries; ++overlap)
                for (int frozen = 0; frozen <= overlap; ++frozen) {
                    CAPTURE(rate);
                    CAPTURE(overlap);
                    CAPTURE(frozen);
                    REQUIRE(ddim::fill_ramp_gain(chunk, frozen, overlap, rate, view(values)) == status::ok);
                    REQUIRE(holds(chunk, values, groot_ramp(frozen, overlap, chunk.entries, rate), 0.0f));
                }
    });
}

TEST_CASE("ramp_gain at a rate near 0 is the even ramp") {
    const action_chunk chunk{9, 1, 1};
    std::vector<float> values(9);
    // (1 - e^-ru) / (1 - e^-r) = u + r u (1 - u) / 2 + ..., and the written formula would be nothing but rounding.
    REQUIRE(ddim::fill_ramp_gain(chunk, 0, 9, 1e-12, view(values)) == status::ok);
    const std::vector<double> even = inner_linspace(0.0, 1.0, 9);
    for (std::size_t i = 0; i < 9; ++i) CHECK(is_rounded(values[i], even[i]));
}

TEST_CASE("step_weights of ten even steps") {
    const float wanted[] = {10.0f, 8.2f, 3.4f, 1.933f, 1.3f, 1.0f, 0.867f, 0.829f, 0.85f, 0.911f};
    std::vector<float> values(10);
    REQUIRE(ddim::fill_step_weights(flow_plan(10), 10.0, view(values)) == status::ok);
    for (std::size_t i = 0; i < 10; ++i) CHECK(std::fabs(values[i] - wanted[i]) <= 5e-4f); // three decimals
}

TEST_CASE("step_weights are LeRobot's: 1 to 50 steps, even, shifted or cut, any maximum") {
    ddim::flow_options options[3];
    options[1].shift = 3.0;
    options[2].largest = 0.9;
    for (const ddim::flow_options& each : options)
        for (int steps = 1; steps <= 50; ++steps)
            for (const double most : {10.0, 1.0, 0.25, 5.0, 100.0, 1e6}) {
                CAPTURE(steps);
                CAPTURE(most);
                const ddim::plan_view plan = flow_plan(steps, each);
                REQUIRE(plan.state == status::ok);
                std::vector<float> values(static_cast<std::size_t>(steps), -7.0f);
                REQUIRE(ddim::fill_step_weights(plan, most, view(values)) == status::ok);
                for (int i = 0; i < steps; ++i) {
                    // Times t and 1 - t are rounded to float each by itself: 2^-24 of either in (t^2 + (1 - t)^2) /
                    // (1 - t) is 3 2^-24 at most, and the result is rounded once more.
                    const double even = 1.0 - static_cast<double>(i) / steps;
                    const double shifted = each.shift * even / (1.0 + (each.shift - 1.0) * even);
                    const double want = lerobot_step_weight(std::fmin(shifted, each.largest), most);
                    const double away = static_cast<double>(values[static_cast<std::size_t>(i)]) - want;
                    REQUIRE(std::fabs(away) <= 0x1p-22 * want);
                }
            }
}

TEST_CASE("step_weights of the last steps of a plan are the last of its weights") {
    std::vector<float> all(10), last(4);
    const ddim::plan_view plan = flow_plan(10);
    REQUIRE(ddim::fill_step_weights(plan, 10.0, view(all)) == status::ok);
    REQUIRE(ddim::fill_step_weights(ddim::last_steps(plan, 4), 10.0, view(last)) == status::ok);
    CHECK(std::vector<float>(all.end() - 4, all.end()) == last);
}

TEST_CASE("every maker: a constant has the bits of the list made at run time") {
    static constexpr auto mask = ddim::prefix_mask<5, 3>(2, 2);
    check_same_at_run_time(mask, [](int zero) { return ddim::prefix_mask<5, 3>(2 + zero, 2); });
    static constexpr auto linear = ddim::prefix_weights<9, 2>(2, 7, prefix_schedule::linear);
    check_same_at_run_time(linear,
                           [](int zero) { return ddim::prefix_weights<9, 2>(2 + zero, 7, prefix_schedule::linear); });
    static constexpr auto exponential = ddim::prefix_weights<50, 14>(4, 33, prefix_schedule::exponential, 7);
    check_same_at_run_time(exponential, [](int zero) {
        return ddim::prefix_weights<50, 14>(4 + zero, 33, prefix_schedule::exponential, 7);
    });
    static constexpr auto ramp = ddim::ramp_gain<16, 4>(2, 11, 6.0, 3);
    check_same_at_run_time(ramp, [](int zero) { return ddim::ramp_gain<16, 4>(2 + zero, 11, 6.0, 3); });
    static constexpr auto slow_ramp = ddim::ramp_gain<16, 1>(0, 16, 0.3);
    check_same_at_run_time(slow_ramp, [](int zero) { return ddim::ramp_gain<16, 1>(zero, 16, 0.3); });
    static constexpr auto plan = ddim::ddim_plan<13>(ddim::flow_levels(13), {0.0, ddim::prediction::flow});
    static constexpr auto weights = ddim::step_weights<13>(plan, 7.5);
    check_same_at_run_time(weights, [](int zero) { return ddim::step_weights<13>(plan, 7.5 + zero); });

    // And of the archive's function that fills a buffer of the caller's.
    std::vector<float> filled(5 * 3);
    REQUIRE(ddim::fill_prefix_mask({5, 3, 2}, 2, view(filled)) == status::ok);
    CHECK(std::memcmp(filled.data(), mask.values, sizeof mask.values) == 0);
}

TEST_CASE("a list that was refused says so, and holds nothing") {
    const auto list = ddim::prefix_weights<4, 1>(3, 2, prefix_schedule::ones);
    CHECK(list.state == status::chunk_out_of_range);
    for (const float value : list.values) CHECK(value == 0.0f);
    CHECK(ddim::value_list<3>{}.state == status::chunk_out_of_range); // one that nobody has made
}
