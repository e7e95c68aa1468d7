// Action chunks that fit together: the guided pull against LeRobot's formula in double, GR00T's ramp and pi0.5's
// prefix to the bit, and where pull and gain stand in a step.
#include "ddim/chunking.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <cstring>
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
using test_support::modes;
using test_support::not_a_number;
using test_support::noted_states;
using test_support::run_config;
using test_support::types;
using test_support::view;
using test_support::wide;

// Chunks of 30 actions of 5, of which 4 are used; a sample ends inside a block of the backend, another begins.
constexpr int entries = 30, width = 5, used = 4;
constexpr std::size_t batch = 2, elements = entries * width, values = batch * elements;

ddim::ddim_options flow_options(prediction predicts, bool rederives) {
    ddim::ddim_options options;
    options.predicts = predicts;
    options.rederive_epsilon = rederives;
    return options;
}

ddim::sampler_config config_of(ddim::plan_view plan, guidance mode = guidance::none,
                               element_type type = element_type::float32) {
    ddim::sampler_config config = test_support::make_config(plan, {batch, elements}, {}, mode, type);
    test_support::guide(config, 1.75f);
    return config;
}

// The guided pull: pi0's flow, ten even steps.

constexpr int steps = 10;
constexpr auto flow_plan =
    ddim::ddim_plan<steps>(ddim::flow_levels(steps), {0.0, prediction::flow, ddim::detail::infinity, true});
constexpr auto step_weights = ddim::step_weights<steps>(flow_plan);
constexpr auto prefix_weights = ddim::prefix_weights<entries, width>(4, 20, ddim::prefix_schedule::exponential, used);

/// LeRobot's g W of an entry in the step from time t.
double guidance_weight(double t, std::size_t i) {
    const double tau = 1.0 - t, weight = wide(prefix_weights.values[i % elements]);
    const double inverse_r2 = (t * t + tau * tau) / (t * t);
    return weight * (tau > 0.0 ? std::fmin(t / tau * inverse_r2, 10.0) : 10.0);
}

/// One step of LeRobot's denoise_step for an entry: v' = v - g W (previous - (x - t v)), x += dt v'.
struct guided_step {
    double t, dt;
    double next(double x, double v, double previous, std::size_t i) const {
        const double error = previous - (x - t * v);
        return x + dt * (v - guidance_weight(t, i) * error);
    }
};

guided_step step_at(int k) { return {1.0 - static_cast<double>(k) / steps, -1.0 / steps}; }

/// How far float32 may be from it. x0, the pull and the update are some 20 roundings of sums of these.
double bound(const guided_step& step, double x, double v, double previous, std::size_t i) {
    const double pull = step.t * guidance_weight(step.t, i);
    return 20.0 * 0x1p-24 *
           (std::fabs(x) + std::fabs(v) + pull * (std::fabs(previous) + std::fabs(x) + std::fabs(v)));
}

/// The velocity after guidance that the model said in step k, and the size of what it is made of.
struct velocity {
    double value, size;
};

velocity velocity_at(const curved_model& model, guidance mode, int k, std::size_t i) {
    const std::size_t step = static_cast<std::size_t>(k);
    if (mode == guidance::none) return {wide(model.calls[step].output[i]), 0.0};
    const bool both = mode == guidance::batched;
    const double u = wide(model.calls[both ? step : 2 * step].output[i]);
    const double c = wide(both ? model.calls[step].output[values + i] : model.calls[2 * step + 1].output[i]);
    return {u + 1.75 * (c - u), std::fabs(u) + 1.75 * (std::fabs(c) + std::fabs(u))};
}

ddim::sampler_config guided_chunk(const std::vector<float>& previous, guidance mode, element_type type) {
    ddim::sampler_config config = config_of(flow_plan, mode, type);
    config.prefix = {view(previous), prefix_weights.values, step_weights.values};
    return config;
}

// Where things stand in a step.

void halve_towards_one(float* data, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) data[i] = 0.5f * data[i] + 0.5f;
}

int hook(void*, const ddim::hook_call& call) noexcept {
    halve_towards_one(call.values, call.batch * call.elements);
    return 0;
}

constexpr const ddim::levels& levels = test_support::trailing_levels<6>;

/// Clips that are active, noise, history of either kind.
std::vector<ddim::plan_view> plans() {
    static const auto noisy = ddim::ddim_plan<6>(levels, {0.8, prediction::epsilon, 1.25});
    ddim::dpm_solver_options sde;
    sde.clip = 1.25;
    sde.sde = true;
    static const auto multistep = ddim::dpm_solver_plan<6>(levels, sde);
    static const auto three_slots = ddim::unipc_plan<6>(levels, {3, prediction::epsilon});
    static const auto flow = ddim::ddim_plan<6>(ddim::flow_levels(6), {0.0, prediction::flow, 1.25, true});
    return {noisy, multistep, three_slots, flow};
}

/// `size` numbers between -0.5 and 1.5, exact zeros and ones among them.
std::vector<float> spread(std::uint32_t stream, std::size_t size) {
    std::vector<float> numbers = golden::gauss(stream, size);
    for (std::size_t i = 0; i < size; ++i)
        numbers[i] = i % 5 == 0 ? 0.0f : i % 5 == 1 ? 1.0f : 0.5f + 0.28f * numbers[i];
    return numbers;
}

ddim::inpainting known_when(ddim::blend_time when, const std::vector<float>& mask, const std::vector<float>& x0) {
    return {view(mask), view(x0), when, ddim::known_noise::none, false, when == ddim::blend_time::on_x0, {}};
}

} // namespace

TEST_CASE("guided chunks: each step is LeRobot's, under every guidance and model type") {
    const std::vector<float> previous = golden::gauss(2, values);
    for (const guidance mode : modes)
        for (const element_type type : types) {
            CAPTURE(static_cast<int>(mode));
            CAPTURE(static_cast<int>(type));
            curved_model model;
            noted_states seen;
            ddim::sampler_config config = guided_chunk(previous, mode, type);
            config.model = model.ref();
            config.observer = seen.ref();
            std::vector<float> x(values);
            REQUIRE(run_config(config, x) == status::ok);
            REQUIRE(seen.x.size() == steps + 1);
            for (int k = 0; k < steps; ++k)
                for (std::size_t i = 0; i < values; ++i) {
                    const guided_step step = step_at(k);
                    const double from = wide(seen.x[static_cast<std::size_t>(k)][i]), chunk = wide(previous[i]);
                    const velocity v = velocity_at(model, mode, k, i);
                    const double want = step.next(from, v.value, chunk, i);
                    const double got = wide(seen.x[static_cast<std::size_t>(k) + 1][i]);
                    REQUIRE(std::fabs(got - want) <= bound(step, from, std::fabs(v.value) + v.size, chunk, i));
                }
        }
}

TEST_CASE("guided chunks: a whole run is LeRobot's loop in double") {
    const std::vector<float> previous = golden::gauss(2, values), start = golden::gauss(1, values);
    curved_model model;
    ddim::sampler_config config = guided_chunk(previous, guidance::none, element_type::float32);
    config.model = model.ref();
    config.initial = ddim::initial_state::given;
    std::vector<float> x = start;
    REQUIRE(run_config(config, x) == status::ok);
    double farthest = 0.0, pulled = 0.0;
    for (std::size_t i = 0; i < values; ++i) {
        double state = wide(start[i]), free = state;
        for (int k = 0; k < steps; ++k) {
            const guided_step step = step_at(k);
            const float timestep = flow_plan.rows[k].timestep;
            const std::int64_t entry = static_cast<std::int64_t>(i % elements);
            const auto v = [&](double at) {
                return wide(curved_model::predict(static_cast<float>(at), timestep, entry, true));
            };
            state = step.next(state, v(state), wide(previous[i]), i);
            free += step.dt * v(free);
        }
        const double apart = std::fabs(wide(x[i]) - state);
        if (!(apart <= farthest)) farthest = apart; // a NaN too
        pulled = std::fmax(pulled, std::fabs(free - state));
    }
    // The last step, which makes x0 itself, is off by 20 2^-24 of 8 at most (x and v below 4); what an earlier one
    // was off, the steps after it and their pull have made less.
    CHECK(farthest < 1e-5);
    CHECK(pulled > 1.0); // which the pull has done
}

TEST_CASE("a pull of weight 0 reads nothing: NaN there changes nothing, elsewhere it shows") {
    std::vector<float> previous = golden::gauss(2, values), x(values), poisoned(values);
    curved_model model;
    ddim::sampler_config config = guided_chunk(previous, guidance::none, element_type::float32);
    config.model = model.ref();
    REQUIRE(run_config(config, x) == status::ok);
    const std::vector<float> clean = previous;
    for (std::size_t i = 0; i < values; ++i)
        if (prefix_weights.values[i % elements] == 0.0f) previous[i] = not_a_number;
    REQUIRE(run_config(config, poisoned) == status::ok);
    CHECK(poisoned == x);
    previous = clean;
    previous[0] = not_a_number;
    REQUIRE(run_config(config, poisoned) == status::ok);
    CHECK(std::isnan(poisoned[0]));
    CHECK(poisoned[1] == x[1]);

    // And in steps without weight.
    const std::vector<float> nowhere(values, not_a_number), never(steps, 0.0f);
    config.prefix.previous = view(nowhere);
    config.prefix.step_weights = view(never);
    REQUIRE(run_config(config, poisoned) == status::ok);
    config.prefix = {};
    REQUIRE(run_config(config, x) == status::ok);
    CHECK(poisoned == x);
}

TEST_CASE("GR00T's ramp: the bits of its loop") {
    // Four steps of a flow from noise to data: told 0, 250, 500, 750, and v = x0 - noise.
    ddim::flow_options told;
    told.told = ddim::flow_told::one_minus_sigma;
    told.told_scale = 1000.0;
    told.told_whole = true;
    const auto plan = ddim::ddim_plan<4>(ddim::flow_levels(4, told), flow_options(prediction::reversed_flow, false));
    static constexpr auto mask = ddim::prefix_mask<entries, width>(12, used);
    static constexpr auto ramp = ddim::ramp_gain<entries, width>(3, 12, 6.0, used);
    std::vector<float> previous = golden::gauss(2, values);
    for (std::size_t i = 0; i < values; ++i)
        if (i % width >= used) previous[i] = 0.0f; // the padding
    const std::vector<float> noise = golden::gauss(1, values);
    for (const element_type type : types) {
        CAPTURE(static_cast<int>(type));
        curved_model model;
        ddim::sampler_config config = config_of(plan, guidance::none, type);
        config.model = model.ref();
        config.initial_noise = view(noise);
        config.known = test_support::known_by(ddim::overlap_inpainting(), mask.values, view(previous));
        config.gain = ramp.values;
        std::vector<float> x(values);
        REQUIRE(run_config(config, x) == status::ok);

        std::vector<float> want = noise;
        for (std::size_t i = 0; i < values; ++i) {
            const bool overlaps = i % elements / width < 12 || i % width >= used;
            if (overlaps) want[i] = previous[i];
            for (int k = 0; k < 4; ++k) {
                const float input = test_support::rounded_to(type, want[i]);
                const float timestep = 250.0f * static_cast<float>(k);
                const std::int64_t entry = static_cast<std::int64_t>(i % elements);
                const float v = test_support::rounded_to(type, curved_model::predict(input, timestep, entry, true));
                const float strength = ramp.values[i % elements], next = want[i] + 0.25f * v;
                if (strength == 1.0f) want[i] = next;
                if (strength > 0.0f && strength < 1.0f) want[i] = want[i] + strength * (next - want[i]);
            }
        }
        CHECK(std::memcmp(x.data(), want.data(), values * sizeof(float)) == 0);
        for (int k = 0; k < 4; ++k) CHECK(model.calls[static_cast<std::size_t>(k)].call.timestep_index == 250 * k);
        for (std::size_t i = 0; i < values; ++i) // what is frozen, and the padding
            if (i % elements / width < 3 || i % width >= used) REQUIRE(x[i] == previous[i]);
    }
}

TEST_CASE("pi0.5's prefix: its loop's bits, clean around each step, for the model too") {
    const auto plan = ddim::ddim_plan<steps>(ddim::flow_levels(steps), flow_options(prediction::flow, false));
    static constexpr auto mask = ddim::prefix_mask<entries, width>(7, used);
    std::vector<float> previous = golden::gauss(2, values);
    for (std::size_t i = 0; i < values; ++i)
        if (i % width >= used) previous[i] = 0.0f;
    const std::vector<float> noise = golden::gauss(1, values);
    const auto is_prefix = [](std::size_t i) { return mask.values[i % elements] == 1.0f; };
    for (const element_type type : types) {
        CAPTURE(static_cast<int>(type));
        ddim::sampler_config config = config_of(plan, guidance::none, type);
        config.initial_noise = view(noise);
        config.known = test_support::known_by(ddim::diffusion_policy_inpainting(), mask.values, view(previous));
        test_support::housed_sampler housed(config);
        std::vector<float> x(values), want = noise;
        REQUIRE(housed.sampler.begin(test_support::storage(x), 7) == status::ok);
        ddim::model_call call;
        curved_model model;
        while (housed.sampler.next(call)) {
            for (std::size_t i = 0; i < values; ++i) {
                if (!is_prefix(i)) continue;
                REQUIRE(x[i] == previous[i]);
                REQUIRE(test_support::read_element(call.input, type, i) == test_support::rounded_to(type, x[i]));
            }
            for (std::size_t i = 0; i < values; ++i) {
                if (is_prefix(i)) want[i] = previous[i];
                const float input = test_support::rounded_to(type, want[i]);
                const std::int64_t entry = static_cast<std::int64_t>(i % elements);
                const float v = curved_model::predict(input, call.timestep, entry, true);
                want[i] = want[i] + -0.1f * test_support::rounded_to(type, v); // x += dt v
            }
            REQUIRE(housed.sampler.commit(curved_model::call(&model, call)) == status::ok);
        }
        for (std::size_t i = 0; i < values; ++i)
            if (is_prefix(i)) want[i] = previous[i];
        CHECK(std::memcmp(x.data(), want.data(), values * sizeof(float)) == 0);
    }
}

TEST_CASE("where pull and gain stand: each blend, guidance, type, with hooks and history") {
    const std::vector<float> previous = golden::gauss(2, values), x0 = golden::gauss(3, values);
    const std::vector<float> start = golden::gauss(1, values), per_step{2.0f, 0.0f, 1.0f, 0.5f, -0.25f, 1.5f};
    const std::size_t sizes[] = {1, 50, elements, values};
    int runs = 0;
    for (const ddim::plan_view& plan : plans())
        for (const guidance mode : modes)
            for (const element_type type : types)
                for (int when = 0; when <= static_cast<int>(ddim::blend_time::at_start); ++when)
                    for (const bool hooks : {false, true}) {
                        CAPTURE(runs);
                        std::vector<float> mask = spread(4, sizes[runs % 4]);
                        for (float& entry : mask) entry = std::fmin(std::fmax(entry, 0.0f), 1.0f);
                        const std::vector<float> weights = spread(5, sizes[(runs + 1) % 4]);
                        const std::vector<float> gain = spread(6, sizes[(runs + runs / 4) % 4]);
                        ddim::sampler_config config = config_of(plan, mode, type);
                        config.initial = ddim::initial_state::given;
                        config.known = known_when(static_cast<ddim::blend_time>(when), mask, x0);
                        config.prefix = {view(previous), view(weights), view(per_step)};
                        config.gain = view(gain);
                        if (hooks) {
                            config.score_corrector.function = &hook;
                            config.x0_hook.function = &hook;
                            config.state_hook.function = &hook;
                        }
                        test_support::require_plain_bits(config, start);
                        config.prefix = {};
                        test_support::require_plain_bits(config, start);
                        config.known = {};
                        test_support::require_plain_bits(config, start);
                        ++runs;
                    }
    CHECK(runs == 4 * 3 * 3 * 5 * 2);
}
