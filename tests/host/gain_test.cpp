// The gain: how much of a step an entry takes.
#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <vector>

#include "ddim/host.hpp"
#include "host/curved_model.hpp"
#include "host/plain_loop.hpp"
#include "support/config.hpp"
#include "support/golden.hpp"
#include "support/run.hpp"

namespace {

using ddim::element_type;
using ddim::guidance;
using ddim::prediction;
using ddim::status;
using test_support::curved_model;
using test_support::make_config;
using test_support::modes;
using test_support::not_a_number;
using test_support::run_config;
using test_support::types;
using test_support::view;

// Actions of 3 in a width of 4; a sample ends inside a block of the backend, another begins.
constexpr int entries = 45, width = 4, used = 3;
constexpr std::size_t batch = 2, elements = entries * width, values = batch * elements;

constexpr auto& noisy_plan = test_support::noisy_plan<5>;
constexpr auto& multistep_plan = test_support::multistep_plan<5>;
constexpr auto& flow_plan = test_support::flow_plan<5>;

ddim::sampler_config config_of(ddim::plan_view plan, guidance mode, element_type type, curved_model& model) {
    return make_config(plan, {batch, elements}, model.ref(), mode, type);
}

/// Calls check(config) for every plan, guidance and type.
template <class Check>
void for_each_config(Check&& check) {
    for (const ddim::plan_view plan :
         {ddim::plan_view(noisy_plan), ddim::plan_view(multistep_plan), ddim::plan_view(flow_plan)})
        for (const guidance mode : modes)
            for (const element_type type : types) {
                CAPTURE(static_cast<int>(mode));
                CAPTURE(static_cast<int>(type));
                curved_model model;
                check(config_of(plan, mode, type, model));
            }
}

std::vector<float> sample(const ddim::sampler_config& config) {
    std::vector<float> x = golden::gauss(1, values);
    REQUIRE(run_config(config, x) == status::ok);
    return x;
}

/// Says NaN about what pads the width, and a curve about the rest.
int padding_is_nan(void* context, const ddim::model_call& call) noexcept {
    curved_model::call(context, call);
    for (std::int64_t i = 0; i < call.rows * call.elements; ++i)
        if (i % width >= used)
            test_support::write_element(call.output, call.type, static_cast<std::size_t>(i), not_a_number);
    return 0;
}

/// Notes whether the padding of every input was 0.
struct padding_watch {
    curved_model model;
    bool is_zero = true;

    static int call(void* context, const ddim::model_call& call) noexcept {
        padding_watch& self = *static_cast<padding_watch*>(context);
        for (std::int64_t i = 0; i < call.rows * call.elements; ++i) {
            const float input = test_support::read_element(call.input, call.type, static_cast<std::size_t>(i));
            if (i % width >= used && !(input == 0.0f)) self.is_zero = false;
        }
        return curved_model::call(&self.model, call);
    }
};

} // namespace

TEST_CASE("gain 1 everywhere is no gain, to the bit, of whatever size") {
    for_each_config([](ddim::sampler_config config) {
        const std::vector<float> plain = sample(config);
        for (const std::size_t size : {std::size_t{1}, elements, values}) {
            const std::vector<float> ones(size, 1.0f);
            config.gain = view(ones);
            REQUIRE(sample(config) == plain);
        }
    });
}

TEST_CASE("gain 0 everywhere leaves x as it began, also where the model says NaN") {
    for_each_config([](ddim::sampler_config config) {
        const std::vector<float> zero(1, 0.0f);
        config.gain = view(zero);
        config.initial = ddim::initial_state::given;
        config.model.function = &padding_is_nan;
        REQUIRE(sample(config) == golden::gauss(1, values));
    });
}

TEST_CASE("gain 0 in the padding: what is there stays, and the model's NaN goes nowhere") {
    std::vector<float> gain(elements, 1.0f);
    for (std::size_t i = 0; i < elements; ++i)
        if (i % width >= used) gain[i] = 0.0f;
    for_each_config([&gain](ddim::sampler_config config) {
        config.initial = ddim::initial_state::given;
        const std::vector<float> plain = sample(config);
        config.gain = view(gain);
        config.model.function = &padding_is_nan;
        const std::vector<float> x = sample(config), start = golden::gauss(1, values);
        for (std::size_t i = 0; i < values; ++i) REQUIRE(x[i] == (i % width < used ? plain[i] : start[i]));
    });
}

TEST_CASE("padded action dimensions stay 0: put there once and held, or put in each step") {
    // A prefix of no actions: the mask is 1 in the padding alone.
    static constexpr auto padding = ddim::prefix_mask<entries, width>(0, used);
    static constexpr auto held = ddim::ramp_gain<entries, width>(0, 0, 1.0, used);
    const std::vector<float> nothing(values, 0.0f);
    for_each_config([&nothing](ddim::sampler_config config) {
        for (const bool holds : {false, true}) {
            padding_watch watch;
            config.model = {&padding_watch::call, &watch};
            config.known =
                holds ? test_support::known_by(ddim::overlap_inpainting(), padding.values, view(nothing))
                      : test_support::known_by(ddim::diffusion_policy_inpainting(), padding.values, view(nothing));
            config.gain = {};
            if (holds) config.gain = held.values;
            const std::vector<float> x = sample(config);
            CHECK(watch.is_zero);
            for (std::size_t i = 0; i < values; ++i) REQUIRE((x[i] == 0.0f) == (i % width >= used));
        }
    });
}

TEST_CASE("a gain between 0 and 1, beyond 1, below 0, repeated over blocks, to the bit") {
    const float parts[] = {0.25f, 1.0f, -0.5f, 0.0f, 0.875f, 1.5f, -0.0f};
    const std::vector<float> start = golden::gauss(1, values);
    for (const std::size_t size : {std::size_t{1}, std::size_t{9}, std::size_t{60}, elements, values}) {
        std::vector<float> gain;
        for (std::size_t i = 0; i < size; ++i) gain.push_back(parts[(i + i / 7) % 7]);
        for_each_config([&](ddim::sampler_config config) {
            config.gain = view(gain);
            test_support::require_plain_bits(config, start);
        });
    }
}

TEST_CASE("half of every step toward a fixed sample: what is left, in closed form") {
    // The model knows the sample: the flow goes straight to it. A step from t to t' leaves t' / t of the way; of that
    // step half is taken, so (1 + t' / t) / 2 is left.
    const std::vector<float> half(1, 0.5f), start = golden::gauss(1, values), goal = golden::gauss(2, values);
    const auto to_goal = [](void* context, const ddim::model_call& call) noexcept {
        const std::vector<float>& x0 = *static_cast<const std::vector<float>*>(context);
        for (std::size_t i = 0; i < values; ++i) static_cast<float*>(call.output)[i] = x0[i];
        return 0;
    };
    const auto plan = ddim::ddim_plan<5>(ddim::flow_levels(5), {0.0, prediction::sample});
    ddim::sampler_config config =
        make_config(plan, {batch, elements}, {to_goal, const_cast<std::vector<float>*>(&goal)});
    config.initial = ddim::initial_state::given;
    config.gain = view(half);
    const std::vector<float> x = sample(config);
    double left = 1.0;
    for (int k = 0; k < 5; ++k) left *= 0.5 * (1.0 + (4.0 - k) / (5.0 - k));
    for (std::size_t i = 0; i < values; ++i) {
        const double from = static_cast<double>(start[i]), to = static_cast<double>(goal[i]);
        // Five steps of some six roundings of numbers below 4.
        REQUIRE(std::fabs(static_cast<double>(x[i]) - (to + left * (from - to))) <= 30 * 0x1p-24 * 4.0);
    }
}
