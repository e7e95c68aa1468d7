// Configs drawn at random, some of them spoilt: each is refused by init, or it runs to its end within its own memory.
// Every buffer has exactly the size asked for, so that the build with sanitizers sees each value too many.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "ddim/element.hpp"
#include "ddim/host.hpp"
#include "support/dice.hpp"
#include "support/run.hpp"

namespace {

using ddim::status;
using test_support::dice;

constexpr int train_capacity = 64;
constexpr int capacity = 2 * train_capacity; // of Heun's plans, two rows a step

/// One of the options, now and then one that there is not.
template <class Enum>
Enum spoilt_option(dice& die, Enum first, Enum last) {
    return die.one_in(100) ? static_cast<Enum>(static_cast<int>(last) + 1) : die.option(first, last);
}

/// A number of a range, now and then one that is in no range.
double spoilt_real(dice& die, double first, double last) { return die.one_in(100) ? -1.0 : die.real(first, last); }

/// Levels by any maker, over any schedule and list, and all that they point to. The plan's builder may refuse them.
class drawn_levels {
  public:
    explicit drawn_levels(dice& die) : schedule_{draw_schedule(die)}, list_{draw_list(die, schedule_.train_steps)} {
        recipe_ = draw(die, die.option(ddim::level_rule::schedule, ddim::level_rule::listed));
        if (die.one_in(5)) recipe_ = ddim::starting_at(recipe_, draw_start(die));
        if (die.one_in(5)) recipe_ = ddim::last_levels(recipe_, die.between(0, recipe_.steps));
        if (die.one_in(5)) recipe_ = ddim::first_levels(recipe_, die.between(0, recipe_.steps));
    }

    drawn_levels(const drawn_levels&) = delete; // the recipe points into it
    drawn_levels& operator=(const drawn_levels&) = delete;

    const ddim::levels& recipe() const { return recipe_; }

  private:
    static ddim::schedule<train_capacity> draw_schedule(dice& die) {
        const int train_steps = die.between(1, train_capacity);
        ddim::beta_options betas;
        betas.kind = spoilt_option(die, ddim::beta_schedule::scaled_linear, ddim::beta_schedule::sqrt);
        betas.beta_end = die.real(0.001, 0.2);
        ddim::snr_options snr;
        if (die.one_in(5)) snr.shift = spoilt_real(die, 0.1, 9.0);
        snr.zero_terminal = die.one_in(10);
        return ddim::make_schedule(ddim::betas<train_capacity>(betas, train_steps), snr);
    }

    static ddim::timesteps<train_capacity> draw_list(dice& die, int train_steps) {
        const int steps = die.one_in(20) ? die.between(-1, train_capacity + 1) : die.between(1, train_steps);
        const ddim::spacing rule = spoilt_option(die, ddim::spacing::uniform, ddim::spacing::linspace);
        if (die.one_in(5)) return ddim::open_timesteps<train_capacity>(rule, train_steps, steps);
        return ddim::spaced_timesteps<train_capacity>(rule, train_steps, steps, die.one_in(5) ? 1 : 0);
    }

    static ddim::start_scale draw_start(dice& die) {
        return spoilt_option(die, ddim::start_scale::one, ddim::start_scale::unit_variance);
    }

    static ddim::sigma_options draw_sigmas(dice& die) {
        ddim::sigma_options sigmas;
        if (die.one_in(3)) sigmas.sigma_max = spoilt_real(die, 1.0, 20.0);
        if (die.one_in(3)) sigmas.sigma_min = spoilt_real(die, 0.01, 1.0);
        if (die.one_in(3)) sigmas.rho = spoilt_real(die, 1.0, 9.0);
        sigmas.told = spoilt_option(die, ddim::told_timestep::fractional, ddim::told_timestep::floored);
        return sigmas;
    }

    ddim::flow_options draw_flow(dice& die, int steps) {
        ddim::flow_options flow;
        flow.grid = spoilt_option(die, ddim::flow_grid::even, ddim::flow_grid::shifted_train_ends);
        if (die.one_in(3)) flow.first = spoilt_real(die, 0.5, 1.0);
        if (die.one_in(3)) flow.last = spoilt_real(die, 0.0, 0.4);
        if (die.one_in(5)) {
            for (int i = 0; i < steps; ++i) sigmas_.push_back(1.0 - (i + die.real(0.0, 0.9)) / steps);
            flow.sigmas = {sigmas_.data(), sigmas_.size() - (die.one_in(20) && steps > 0 ? 1 : 0)};
        }
        if (die.one_in(3)) flow.shift = spoilt_real(die, 0.5, 5.0);
        flow.shift_is_exponent = die.one_in(5);
        if (die.one_in(5)) flow.terminal = spoilt_real(die, 0.0, 0.5);
        flow.karras = die.one_in(5);
        if (die.one_in(3)) flow.largest = spoilt_real(die, 0.9, 1.0);
        flow.inverted = die.one_in(10);
        flow.told = spoilt_option(die, ddim::flow_told::sigma, ddim::flow_told::one_minus_sigma);
        if (die.one_in(2)) flow.told_scale = 1000.0;
        flow.told_whole = die.one_in(3);
        return flow;
    }

    static ddim::edm_options draw_edm(dice& die) {
        ddim::edm_options edm;
        if (die.one_in(3)) edm.sigma_max = spoilt_real(die, 1.0, 80.0);
        if (die.one_in(3)) edm.sigma_min = spoilt_real(die, 0.002, 0.5);
        if (die.one_in(3)) edm.sigma_data = die.one_in(2) ? 1.0 : spoilt_real(die, 0.1, 2.0);
        edm.exponential = die.one_in(3);
        return edm;
    }

    ddim::levels draw(dice& die, ddim::level_rule rule) {
        const int steps = die.between(die.one_in(20) ? -1 : 1, train_capacity);
        const ddim::final_alpha final = spoilt_option(die, ddim::final_alpha::first, ddim::final_alpha::one);
        switch (rule) {
        case ddim::level_rule::stride: return ddim::stride_levels(schedule_, list_, final);
        case ddim::level_rule::paired:
            for (int i = 0; i < list_.steps && list_.state == status::ok; ++i)
                pairs_.push_back({list_.values[i], i + 1 < list_.steps ? list_.values[i + 1] : -1});
            if (!pairs_.empty() && die.one_in(5)) pairs_.back().next = die.between(-1, train_capacity);
            return ddim::paired_levels(schedule_, {pairs_.data(), pairs_.size()}, final, die.between(-9, 9));
        case ddim::level_rule::interpolated: return ddim::interpolated_levels(schedule_, steps);
        case ddim::level_rule::karras: return ddim::karras_levels(schedule_, list_, draw_sigmas(die), final);
        case ddim::level_rule::exponential:
            return ddim::exponential_levels(schedule_, list_, draw_sigmas(die), final);
        case ddim::level_rule::flow: return ddim::flow_levels(steps, draw_flow(die, steps));
        case ddim::level_rule::logsnr:
            return ddim::logsnr_levels(steps, {0.1, 20.0, 1.0, spoilt_real(die, 1e-3, 0.1)});
        case ddim::level_rule::edm: return ddim::edm_levels(steps, draw_edm(die));
        case ddim::level_rule::sigmas:
            for (int i = 0; i < steps; ++i)
                listed_sigmas_.push_back({900.0 - i, spoilt_real(die, 9.0, 10.0) * (steps - i) / steps});
            return ddim::sigma_levels({listed_sigmas_.data(), listed_sigmas_.size()});
        case ddim::level_rule::listed: {
            const bool is_flow = die.one_in(2);
            for (int i = 0; i < steps; ++i) {
                const double sigma = spoilt_real(die, 0.99, 1.0) - 0.9 * i / steps;
                listed_.push_back({999.0 * sigma, is_flow ? 1.0 - sigma : std::sqrt(1.0 - sigma * sigma), sigma});
            }
            return ddim::listed_levels({listed_.data(), listed_.size()});
        }
        case ddim::level_rule::schedule: break;
        }
        return ddim::schedule_levels(schedule_, list_, final);
    }

    ddim::schedule<train_capacity> schedule_;
    ddim::timesteps<train_capacity> list_;
    std::vector<double> sigmas_;
    std::vector<ddim::timestep_pair> pairs_;
    std::vector<ddim::timed_sigma> listed_sigmas_;
    std::vector<ddim::timed_level> listed_;
    ddim::levels recipe_;
};

/// What a level rule's models mostly predict: half of the draws, or few would be defined.
ddim::prediction draw_prediction(dice& die, ddim::level_rule rule) {
    if (die.one_in(2)) {
        if (rule == ddim::level_rule::flow) return ddim::prediction::flow;
        if (rule == ddim::level_rule::edm) return ddim::prediction::edm;
    }
    return spoilt_option(die, ddim::prediction::epsilon, ddim::prediction::edm);
}

enum class solver { ddim, ddim_inverse, ddpm, dpm_solver, unipc, pndm, heun, lcm, tcd };
constexpr int solver_count = 9;

/// A plan by this builder over any levels, and with any options; the builder may refuse.
ddim::plan<capacity> draw_plan(dice& die, solver by) {
    const drawn_levels levels(die);
    const ddim::levels& recipe = levels.recipe();
    const ddim::prediction predicts = draw_prediction(die, recipe.rule);
    const double clip = die.one_in(3) ? spoilt_real(die, 0.1, 2.0) : HUGE_VAL;
    const double temperature = die.one_in(3) ? spoilt_real(die, 0.0, 2.0) : 1.0;
    const double eta = spoilt_real(die, 0.0, 1.0);
    const bool choice = die.one_in(3), other_choice = die.one_in(3);
    const int order = die.one_in(20) ? die.between(0, 4) : die.between(1, 3);
    switch (by) {
    case solver::ddim_inverse:
        return ddim::ddim_inverse_plan<capacity>(recipe, {0.0, predicts, clip, choice, temperature});
    case solver::ddpm: {
        const auto noise = spoilt_option(die, ddim::ddpm_noise::not_last, ddim::ddpm_noise::timestep_above_zero);
        return ddim::ddpm_plan<capacity>(recipe, {eta, predicts, clip, temperature, noise});
    }
    case solver::dpm_solver: {
        const auto type = spoilt_option(die, ddim::dpm_solver_type::midpoint, ddim::dpm_solver_type::heun);
        const bool sde = die.one_in(3);
        return ddim::dpm_solver_plan<capacity>(recipe,
                                               {order, predicts, clip, temperature, type, sde, choice, other_choice});
    }
    case solver::unipc: {
        static constexpr int disabled[] = {0, 2, -1, 99};
        const auto variant = spoilt_option(die, ddim::unipc_variant::bh1, ddim::unipc_variant::bh2);
        const std::size_t count = static_cast<std::size_t>(die.between(0, 4));
        return ddim::unipc_plan<capacity>(recipe,
                                          {order, predicts, clip, variant, !choice, {disabled, count}, other_choice});
    }
    case solver::pndm: return ddim::pndm_plan<capacity>(recipe, {predicts});
    case solver::heun: return ddim::heun_plan<capacity>(recipe, {predicts, clip});
    case solver::lcm:
        return ddim::lcm_plan<capacity>(recipe, {predicts, clip, temperature, choice, spoilt_real(die, 1.0, 20.0)});
    case solver::tcd: return ddim::tcd_plan<capacity>(recipe, {eta, predicts, clip, temperature});
    case solver::ddim: break;
    }
    return ddim::ddim_plan<capacity>(recipe, {eta, predicts, clip, choice, temperature});
}

/// Shrinks what it sees to a tenth, a state beyond half to 0, and fails at call `fails_at`.
struct fading_model {
    int fails_at;
    int calls = 0;

    template <class Element>
    static void fade(const ddim::model_call& call) noexcept {
        for (std::int64_t i = 0; i < call.rows * call.elements; ++i) {
            const float input = ddim::widen(static_cast<const Element*>(call.input)[i]);
            static_cast<Element*>(call.output)[i] = ddim::narrow<Element>(std::isfinite(input) ? 0.1f * input : 0.0f);
        }
    }

    static int predict(void* context, const ddim::model_call& call) noexcept {
        fading_model& self = *static_cast<fading_model*>(context);
        if (self.calls++ == self.fails_at) return 42;
        switch (call.type) {
        case ddim::element_type::float32: fade<float>(call); break;
        case ddim::element_type::float16: fade<ddim::half>(call); break;
        case ddim::element_type::bfloat16: fade<ddim::bfloat16>(call); break;
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
        : by_{die.option(solver::ddim, solver::tcd)}, plan_{draw_plan(die, by_)}, model_{die.one_in(10)
                                                                                             ? die.between(0, 20)
                                                                                             : -1},
          config_{draw_options(die)}, arena_{std::min(test_support::arena_bytes_of(config_), std::size_t{1} << 20)} {
        draw_buffers(die);
        draw_known(die);
        draw_chunks(die);
        config_.arena = arena_.view();
        if (die.one_in(50)) config_.arena.size -= 1;
    }

    drawn_config(const drawn_config&) = delete; // its config points into it
    drawn_config& operator=(const drawn_config&) = delete;

    solver by() const { return by_; }
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
        if (config.mode != ddim::guidance::none || die.one_in(50)) config.guidance_scale = draw_scale(die);
        if (config.mode != ddim::guidance::none && die.one_in(3)) config.guidance_scales = draw_scales(die, config);
        config.model_type = spoilt_option(die, ddim::element_type::float32, ddim::element_type::bfloat16);
        config.initial = spoilt_option(die, ddim::initial_state::drawn, ddim::initial_state::noised);
        config.first_sample = die.one_in(50) ? -1 : die.between(0, 9);
        config.repeat_noise = die.one_in(3);
        if (die.one_in(3)) config.noise_dropout = static_cast<float>(die.real(-0.02, 1.02));
        if (die.one_in(5)) config.score_corrector = {&halve, nullptr};
        if (die.one_in(5)) config.x0_hook = {&halve, nullptr};
        if (die.one_in(5)) config.state_hook = {&halve, nullptr};
        if (die.one_in(3)) config.observer = {&watch, nullptr, die.one_in(2)};
        config.keeps_x0 = die.one_in(3);
        if (die.one_in(5)) config.history_slots = die.one_in(20) ? die.between(-1, 4) : die.between(0, 3);
        config.model = {&fading_model::predict, &model_};
        config.backend = ddim::host_backend();
        return config;
    }

    static float draw_scale(dice& die) { return die.one_in(4) ? 1.0f : static_cast<float>(die.real(-1.0, 9.0)); }

    /// A scale for each step, now and then for one fewer, or one that is no number.
    ddim::span<const float> draw_scales(dice& die, const ddim::sampler_config& config) {
        lent_.emplace_back(static_cast<std::size_t>(std::max(config.plan.steps, 0)));
        for (float& scale : lent_.back()) scale = die.one_in(1000) ? std::nanf("") : draw_scale(die);
        if (!lent_.back().empty() && die.one_in(50)) lent_.back().pop_back();
        return test_support::view(lent_.back());
    }

    void draw_buffers(dice& die) {
        const std::size_t noise = config_.repeat_noise ? static_cast<std::size_t>(config_.dims.elements) : values();
        const bool is_made = config_.initial != ddim::initial_state::given;
        if (die.one_in(is_made ? 3 : 50)) config_.initial_noise = lend(die, values());
        if (die.one_in(3)) config_.step_noise = lend(die, steps() * noise);
        if (die.one_in(config_.noise_dropout > 0.0f ? 3 : 50)) config_.dropout_keep = lend(die, steps() * values());
        if (die.one_in(5)) lend_seeds(die);
    }

    /// Now and then one too few, or beside what they exclude.
    void lend_seeds(dice& die) {
        for (std::size_t i = 0; i < most_batch; ++i) seeds_[i] = i * 0x9E3779B97F4A7C15;
        config_.seeds = {seeds_, static_cast<std::size_t>(config_.dims.batch) - (die.one_in(20) ? 1 : 0)};
        if (die.one_in(20)) return;
        config_.first_sample = 0;
        config_.repeat_noise = false;
    }

    void draw_known(dice& die) {
        if (!die.one_in(3)) return;
        ddim::inpainting& known = config_.known;
        known.mask = lend_entries(die);
        known.x0 = lend(die, values());
        known.when = spoilt_option(die, ddim::blend_time::before_model, ddim::blend_time::at_start);
        known.noise = spoilt_option(die, ddim::known_noise::fresh, ddim::known_noise::none);
        known.mask_regenerates = die.one_in(2);
        known.ends_exact = die.one_in(2);
        const bool is_fresh = known.noise == ddim::known_noise::fresh;
        const bool is_noised = known.noise != ddim::known_noise::none && known.when != ddim::blend_time::on_x0;
        if (die.one_in(is_noised ? 3 : 50)) known.given_noise = lend(die, is_fresh ? steps() * values() : values());
    }

    void draw_chunks(dice& die) {
        if (die.one_in(4)) config_.gain = lend_entries(die);
        if (!die.one_in(4)) return;
        ddim::prefix_guidance& prefix = config_.prefix;
        if (!die.one_in(50)) prefix.previous = lend(die, values());
        if (!die.one_in(50)) prefix.weights = lend_entries(die);
        if (!die.one_in(50)) prefix.step_weights = lend(die, steps());
    }

    /// A value for each entry of the state, or a number that is repeated, which may not fit.
    ddim::span<const float> lend_entries(dice& die) {
        const std::size_t elements = static_cast<std::size_t>(config_.dims.elements);
        const std::size_t sizes[] = {values(), elements, elements / 2, 1};
        return lend(die, sizes[die.between(0, 3)]);
    }

    /// `count` values, now and then one fewer.
    ddim::span<const float> lend(dice& die, std::size_t count) {
        if (count > 0 && die.one_in(50)) --count;
        lent_.emplace_back(count);
        for (float& value : lent_.back()) value = static_cast<float>(die.real(0.0, 1.0));
        return test_support::view(lent_.back());
    }

    solver by_;
    ddim::plan<capacity> plan_;
    fading_model model_;
    static constexpr std::size_t most_batch = 4;

    std::vector<std::vector<float>> lent_;
    std::uint64_t seeds_[most_batch];
    ddim::sampler_config config_;
    test_support::guarded_arena arena_;
};

/// A run of x = 0.5, which ends well or where the model fails.
std::vector<float> checked_run(ddim::sampler& sampler, drawn_config& drawn) {
    std::vector<float> x(drawn.values(), 0.5f);
    drawn.model().calls = 0;
    const status ran = sampler.run(x, drawn.config().seeds.data == nullptr ? 7 : 0);
    const bool failed = drawn.model().calls == drawn.model().fails_at + 1;
    REQUIRE(ran == (failed ? status::model_failed : status::ok));
    REQUIRE(sampler.last_code() == (failed ? 42 : 0));
    if (!failed) REQUIRE(sampler.steps_done() == drawn.config().plan.steps);
    REQUIRE(std::all_of(x.begin(), x.end(), [](float value) { return std::isfinite(value); }));
    REQUIRE(drawn.arena().guards_are_intact());
    return x;
}

} // namespace

TEST_CASE("configs at random: refused with no write, or run in their memory, twice the same") {
    int refused = 0, ran = 0, ran_by[solver_count] = {}, with_history = 0;
    int with_seeds = 0, with_scales = 0, with_pull = 0, with_gain = 0, with_state_hook = 0;
    dice die{1};
    for (int i = 0; i < 10000; ++i) {
        CAPTURE(i);
        drawn_config drawn(die);
        ddim::sampler sampler;
        const status set_up = sampler.init(drawn.config());
        CAPTURE(std::string(ddim::message(set_up)));
        if (set_up == status::ok) {
            ++ran;
            ++ran_by[static_cast<int>(drawn.by())];
            const ddim::sampler_config& config = drawn.config();
            with_history += ddim::history_slots(config.plan) > 0 ? 1 : 0;
            with_seeds += config.seeds.data != nullptr ? 1 : 0;
            with_scales += config.guidance_scales.data != nullptr ? 1 : 0;
            with_pull += config.prefix.previous.data != nullptr ? 1 : 0;
            with_gain += config.gain.data != nullptr ? 1 : 0;
            with_state_hook += config.state_hook.function != nullptr ? 1 : 0;
            REQUIRE(checked_run(sampler, drawn) == checked_run(sampler, drawn));
        } else {
            ++refused;
            REQUIRE(drawn.arena().is_untouched());
            REQUIRE(sampler.run({}, 7) == status::not_initialised);
        }
    }
    CHECK(refused > 1000); // both outcomes are common
    CHECK(ran > 1000);
    CHECK(with_history > 500);
    for (const int count : {with_seeds, with_scales, with_pull, with_gain, with_state_hook}) CHECK(count > 100);
    for (const int count : ran_by) CHECK(count > 100);
}
