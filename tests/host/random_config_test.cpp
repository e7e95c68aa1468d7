// Configs drawn at random, some of them spoilt: each is refused by init, or it runs to its end within its own memory.
// Every buffer has exactly the size asked for, so that the build with sanitizers sees each value too many.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "ddim/detail/element.hpp"
#include "ddim/host.hpp"
#include "support/dice.hpp"
#include "support/run.hpp"

namespace {

using ddim::status;
using test_support::dice;

constexpr int capacity = 64;

/// One of the options, now and then one that there is not.
template <class Enum>
Enum spoilt_option(dice& die, Enum first, Enum last) {
    return die.one_in(100) ? static_cast<Enum>(static_cast<int>(last) + 1) : die.option(first, last);
}

/// A plan by any builder over any schedule and list; the builder may refuse.
ddim::plan<capacity> draw_plan(dice& die) {
    const int train_steps = die.between(1, capacity);
    const int steps = die.one_in(20) ? die.between(-1, capacity + 1) : die.between(1, train_steps);
    ddim::beta_options betas;
    betas.kind = spoilt_option(die, ddim::beta_schedule::scaled_linear, ddim::beta_schedule::sqrt);
    betas.beta_end = die.real(0.001, 0.2);
    const auto schedule = ddim::make_schedule(ddim::betas<capacity>(betas, train_steps));
    const ddim::spacing spacing = spoilt_option(die, ddim::spacing::uniform, ddim::spacing::linspace);
    const auto list = ddim::spaced_timesteps<capacity>(spacing, train_steps, steps, die.one_in(5) ? 1 : 0);
    ddim::ddim_options options;
    options.predicts = spoilt_option(die, ddim::prediction::epsilon, ddim::prediction::v_prediction);
    options.final = spoilt_option(die, ddim::final_alpha::first, ddim::final_alpha::one);
    if (die.one_in(3)) options.clip = die.real(-0.1, 2.0);
    options.rederive_epsilon = die.one_in(3);
    if (die.one_in(3)) options.temperature = die.real(-0.1, 2.0);
    switch (die.between(0, 2)) {
    case 0: return ddim::ddim_inverse_plan(schedule, list, options);
    case 1: return ddim::ddpm_plan(schedule, list, {die.real(0.0, 1.0), options.predicts, options.clip});
    default: options.eta = die.real(0.0, 1.05); return ddim::ddim_plan(schedule, list, options);
    }
}

/// Shrinks what it sees to a tenth, and fails at call `fails_at`.
struct fading_model {
    int fails_at;
    int calls = 0;

    template <class Element>
    static void fade(const ddim::model_call& call) noexcept {
        for (std::int64_t i = 0; i < call.rows * call.elements; ++i) {
            const float input = ddim::detail::widen(static_cast<const Element*>(call.input)[i]);
            ddim::detail::narrow(0.1f * input, static_cast<Element*>(call.output)[i]);
        }
    }

    static int predict(void* context, const ddim::model_call& call) noexcept {
        fading_model& self = *static_cast<fading_model*>(context);
        if (self.calls++ == self.fails_at) return 42;
        switch (call.type) {
        case ddim::element_type::float32: fade<float>(call); break;
        case ddim::element_type::float16: fade<ddim::detail::float16>(call); break;
        case ddim::element_type::bfloat16: fade<ddim::detail::bfloat16>(call); break;
        }
        return 0;
    }
};

int halve(void*, const ddim::hook_call& call) noexcept {
    for (std::int64_t i = 0; i < call.batch * call.elements; ++i) call.values[i] *= 0.5f;
    return 0;
}

int watch(void*, const ddim::observation&) noexcept { return 0; }

/// A config and all that it points to.
class drawn_config {
  public:
    explicit drawn_config(dice& die)
        : plan_{draw_plan(die)}, model_{die.one_in(10) ? die.between(0, 20) : -1}, config_{draw_options(die)},
          arena_{std::min(test_support::arena_bytes_of(config_), std::size_t{1} << 20)} {
        draw_buffers(die);
        draw_known(die);
        config_.arena = arena_.view();
        if (die.one_in(50)) config_.arena.size -= 1;
    }

    drawn_config(const drawn_config&) = delete; // its config points into it
    drawn_config& operator=(const drawn_config&) = delete;

    const ddim::sampler_config& config() const { return config_; }
    const test_support::guarded_arena& arena() const { return arena_; }
    fading_model& model() { return model_; }
    std::size_t values() const { return static_cast<std::size_t>(config_.dims.batch * config_.dims.elements); }

  private:
    std::size_t steps() const { return static_cast<std::size_t>(std::max(config_.plan.steps, 0)); }

    ddim::sampler_config draw_options(dice& die) {
        ddim::sampler_config config;
        config.plan = plan_;
        if (die.one_in(5)) config.plan = ddim::last_steps(plan_, die.between(0, capacity));
        config.dims = {die.one_in(100) ? 0 : die.between(1, 4), die.one_in(100) ? 0 : die.between(1, 700)};
        config.mode = spoilt_option(die, ddim::guidance::none, ddim::guidance::sequential);
        config.guidance_scale = die.one_in(4) ? 1.0f : static_cast<float>(die.real(-1.0, 9.0));
        config.model_type = spoilt_option(die, ddim::element_type::float32, ddim::element_type::bfloat16);
        config.initial = spoilt_option(die, ddim::initial_state::drawn, ddim::initial_state::noised);
        config.first_sample = die.one_in(50) ? -1 : die.between(0, 9);
        config.repeat_noise = die.one_in(3);
        if (die.one_in(3)) config.noise_dropout = static_cast<float>(die.real(-0.02, 1.02));
        if (die.one_in(5)) config.score_corrector = {&halve, nullptr};
        if (die.one_in(5)) config.x0_hook = {&halve, nullptr};
        if (die.one_in(3)) config.observer = {&watch, nullptr, die.one_in(2)};
        config.keeps_x0 = die.one_in(3);
        config.model = {&fading_model::predict, &model_};
        config.platform = ddim::host_backend();
        return config;
    }

    void draw_buffers(dice& die) {
        const std::size_t noise = config_.repeat_noise ? static_cast<std::size_t>(config_.dims.elements) : values();
        if (die.one_in(3)) config_.initial_noise = lend(die, values());
        if (die.one_in(3)) config_.step_noise = lend(die, steps() * noise);
        if (die.one_in(5)) config_.dropout_keep = lend(die, steps() * values());
    }

    void draw_known(dice& die) {
        if (!die.one_in(3)) return;
        const std::size_t elements = static_cast<std::size_t>(config_.dims.elements);
        const std::size_t sizes[] = {values(), elements, elements / 2, 1};
        ddim::inpainting& known = config_.known;
        known.mask = lend(die, sizes[die.between(0, 3)]);
        known.x0 = lend(die, values());
        known.when = spoilt_option(die, ddim::blend_time::before_model, ddim::blend_time::on_x0);
        known.noise = spoilt_option(die, ddim::known_noise::fresh, ddim::known_noise::none);
        known.mask_regenerates = die.one_in(2);
        known.ends_exact = die.one_in(2);
        const bool is_fresh = known.noise == ddim::known_noise::fresh;
        if (die.one_in(3)) known.given_noise = lend(die, is_fresh ? steps() * values() : values());
    }

    /// `count` values, now and then one fewer.
    ddim::span<const float> lend(dice& die, std::size_t count) {
        if (count > 0 && die.one_in(50)) --count;
        lent_.emplace_back(count);
        for (float& value : lent_.back()) value = static_cast<float>(die.real(0.0, 1.0));
        return test_support::view(lent_.back());
    }

    ddim::plan<capacity> plan_;
    fading_model model_;
    std::vector<std::vector<float>> lent_;
    ddim::sampler_config config_;
    test_support::guarded_arena arena_;
};

/// A run of x = 0.5, which ends well or where the model fails.
std::vector<float> checked_run(ddim::sampler& sampler, drawn_config& drawn) {
    std::vector<float> x(drawn.values(), 0.5f);
    drawn.model().calls = 0;
    const status ran = sampler.run({x.data(), x.size()}, 7);
    const bool failed = drawn.model().calls == drawn.model().fails_at + 1;
    REQUIRE(ran == (failed ? status::model_failed : status::ok));
    REQUIRE(sampler.last_code() == (failed ? 42 : 0));
    if (!failed) REQUIRE(sampler.steps_done() == drawn.config().plan.steps);
    REQUIRE(std::all_of(x.begin(), x.end(), [](float value) { return std::isfinite(value); }));
    REQUIRE(drawn.arena().guards_are_intact());
    return x;
}

} // namespace

TEST_CASE("configs at random: refused with nothing written, or run within their memory, twice the same") {
    int refused = 0, ran = 0;
    dice die{1};
    for (int i = 0; i < 4000; ++i) {
        CAPTURE(i);
        drawn_config drawn(die);
        ddim::sampler sampler;
        const status set_up = sampler.init(drawn.config());
        CAPTURE(std::string(ddim::message(set_up)));
        if (set_up == status::ok) {
            ++ran;
            REQUIRE(checked_run(sampler, drawn) == checked_run(sampler, drawn));
        } else {
            ++refused;
            REQUIRE(drawn.arena().is_untouched());
            REQUIRE(sampler.run({}, 7) == status::not_initialised);
        }
    }
    CHECK(refused > 500); // both outcomes are common
    CHECK(ran > 500);
}
