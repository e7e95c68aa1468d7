#include "support/random_scenario.hpp"

#include <algorithm>

namespace test_support {

namespace {

using ddim::blend_time;
using ddim::guidance;

/// A divisor of `number` that is at most `most`.
std::int64_t draw_divisor(dice& die, std::int64_t number, int most) {
    std::int64_t divisor = die.between(1, most);
    while (number % divisor != 0) --divisor;
    return divisor;
}

/// Samples of every alignment, within a block and beyond one.
ddim::shape draw_shape(dice& die) {
    const int batch = die.between(1, 5);
    switch (die.between(0, 2)) {
    case 0: return {batch, die.between(1, 40)};
    case 1: return {batch, die.between(1, 700)};
    default: return {batch, 4 * die.between(1, 300)};
    }
}

/// How many entries a list has that may be repeated; 0, none at all, is as likely as any.
std::int64_t draw_size(dice& die, const ddim::shape& dims) {
    switch (die.between(0, 7)) {
    case 0: return dims.batch * dims.elements;
    case 1: return dims.elements;
    case 2: return dims.elements / draw_divisor(die, dims.elements, 16);
    case 3: return draw_divisor(die, dims.elements, 40);
    default: return 0;
    }
}

void draw_guidance(dice& die, scenario& what) {
    const auto draw_scale = [&die] { return static_cast<float>(die.real(-2.0, 10.0)); };
    what.mode = die.option(guidance::none, guidance::sequential);
    what.scale = die.one_in(4) ? 1.0f : draw_scale();
    if (what.mode == guidance::none || !die.one_in(3)) return;
    for (int k = 0; k < scenario_steps; ++k) what.scales.push_back(die.one_in(2) ? 1.0f : draw_scale());
}

solver draw_plan(dice& die, scenario& what) {
    ddim::ddim_options options;
    options.eta = die.one_in(3) ? 0.0 : die.real(0.0, 1.0);
    options.predicts = die.option(ddim::prediction::epsilon, ddim::prediction::v_prediction);
    if (die.one_in(3)) options.clip = die.real(0.1, 2.0);
    options.rederive_epsilon = die.one_in(3);
    if (die.one_in(4)) options.temperature = die.real(0.0, 2.0);
    const solver kind = die.one_in(2) ? solver::ddim : die.option(solver::ddim, solver::pndm);
    what.plan = scenario_plan(options, kind, die.option(ddim::final_alpha::first, ddim::final_alpha::one));
    if (die.one_in(3)) what.plan.start_scale = static_cast<float>(die.real(0.1, 15.0));
    return kind;
}

void draw_noise(dice& die, scenario& what) {
    const bool may_draw = what.plan.starts_from_noise;
    what.initial =
        die.option(may_draw ? ddim::initial_state::drawn : ddim::initial_state::given, ddim::initial_state::noised);
    what.gives_initial_noise = die.one_in(3);
    what.gives_step_noise = die.one_in(3);
    what.repeats_noise = die.one_in(3);
    if (die.one_in(3)) what.dropout = static_cast<float>(die.real(0.01, 0.95));
    what.gives_keep = die.one_in(2);
    what.first_sample = die.one_in(2) ? 0 : die.between(0, 100'000);
    if (die.one_in(5)) {
        what.seeds_samples = true;
        what.repeats_noise = false;
        what.first_sample = 0;
    }
    if (die.one_in(5)) what.hands_noise = static_cast<unsigned>(die.between(1, (1 << scenario_steps) - 1));
}

void draw_known(dice& die, scenario& what) {
    what.mask_size = draw_size(die, what.dims);
    if (what.mask_size == 0) return;
    what.when = die.option(blend_time::before_model, blend_time::at_start);
    what.known = die.option(ddim::known_noise::fresh, ddim::known_noise::none);
    what.mask_regenerates = die.one_in(2);
    what.ends_exact = die.one_in(2);
    what.gives_mask_noise = die.one_in(2);
}

void draw_hooks(dice& die, scenario& what) {
    if (die.one_in(2)) what.score = die.option(score_change::none, score_change::rescales);
    what.phi = static_cast<float>(die.real(0.0, 1.0));
    if (die.one_in(2)) what.x0 = die.option(x0_change::none, x0_change::thresholds);
    what.thresholding.ratio = die.one_in(4) ? 1.0f : static_cast<float>(die.real(0.0, 1.0));
    what.thresholding.sample_max_value = static_cast<float>(die.real(0.5, 20.0));
    what.hooks_state = die.one_in(4);
    what.changes_state = die.one_in(8);
    what.keeps_x0 = die.one_in(3);
    what.observes = die.one_in(2);
    what.sees_start = die.one_in(2);
}

bool has_one(const std::vector<float>& scales) { return std::count(scales.begin(), scales.end(), 1.0f) > 0; }

} // namespace

scenario draw_scenario(dice& die) {
    scenario what;
    what.dims = draw_shape(die);
    what.type = die.option(ddim::element_type::float32, ddim::element_type::bfloat16);
    draw_guidance(die, what);
    if (die.one_in(2)) what.off = static_cast<unsigned>(die.between(1, everything));
    what.is_wild = die.one_in(6);
    const solver kind = draw_plan(die, what);
    draw_noise(die, what);
    draw_known(die, what);
    what.prefix_size = draw_size(die, what.dims);
    what.gain_size = draw_size(die, what.dims);
    draw_hooks(die, what);
    if (kind == solver::pndm) { // which refuses to have its x0 changed
        what.x0 = x0_change::none;
        what.prefix_size = 0;
        if (what.when == blend_time::on_x0) what.when = blend_time::after_step;
    }
    return what;
}

void option_counts::add(const scenario& what) {
    const auto count = [this](const char* option, bool is_on) { counts_[option] += is_on ? 1 : 0; };
    const bool is_listed = !what.scales.empty(), blends = what.mask_size > 0;
    const bool is_guided = what.mode != guidance::none && (is_listed || what.scale != 1.0f);
    count("guidance none", what.mode == guidance::none);
    count("guidance batched", what.mode == guidance::batched);
    count("guidance sequential", what.mode == guidance::sequential);
    count("scales, batched, some of them 1", what.mode == guidance::batched && has_one(what.scales));
    count("scales, sequential, some of them 1", what.mode == guidance::sequential && has_one(what.scales));
    count("history", ddim::history_slots(what.plan) > 0);
    count("x_T given", what.initial == ddim::initial_state::given);
    count("x_T noised", what.initial == ddim::initial_state::noised);
    count("initial noise given", what.gives_initial_noise && what.initial != ddim::initial_state::given);
    count("step noise given", what.gives_step_noise);
    count("step noise handed in", what.hands_noise != 0);
    count("step noise handed in, repeated", what.hands_noise != 0 && what.repeats_noise);
    count("state changed between steps", what.changes_state);
    count("dropout", what.dropout > 0.0f);
    count("seeds of the samples", what.seeds_samples);
    count("seeds of the samples, batched", what.seeds_samples && what.mode == guidance::batched);
    count("seeds of the samples, step noise given", what.seeds_samples && what.gives_step_noise);
    count("seeds of the samples, dropout", what.seeds_samples && what.dropout > 0.0f);
    count("blend before the model", blends && what.when == blend_time::before_model);
    count("blend after the step", blends && what.when == blend_time::after_step);
    count("blend at the old level", blends && what.when == blend_time::after_step_at_old_level);
    count("blend on x0", blends && what.when == blend_time::on_x0);
    count("blend at the start", blends && what.when == blend_time::at_start);
    count("exact end", blends && what.ends_exact);
    count("pull", what.prefix_size > 0);
    count("pull, weights of the whole state", what.prefix_size == what.dims.batch * what.dims.elements);
    count("pull, weights repeated", what.prefix_size > 0 && what.prefix_size < what.dims.elements);
    count("pull and blend on x0", what.prefix_size > 0 && blends && what.when == blend_time::on_x0);
    count("pull and x0 hook", what.prefix_size > 0 && what.x0 != x0_change::none);
    count("gain", what.gain_size > 0);
    count("gain of the whole state", what.gain_size == what.dims.batch * what.dims.elements);
    count("gain, repeated", what.gain_size > 0 && what.gain_size < what.dims.elements);
    count("gain and blend after the step", what.gain_size > 0 && blends && what.when == blend_time::after_step);
    count("state added to the output", what.score == score_change::adds_state);
    count("guidance rescaled", what.score == score_change::rescales && is_guided);
    count("x0 rounded", what.x0 == x0_change::rounds);
    count("x0 thresholded", what.x0 == x0_change::thresholds);
    count("state hook", what.hooks_state);
    count("state hook and blend before the model",
          what.hooks_state && blends && what.when == blend_time::before_model);
    count("observer", what.observes);
    count("observer from the start", what.observes && what.sees_start);
}

std::string option_counts::rarer_than(int least) const {
    std::string text;
    for (const auto& [option, count] : counts_)
        if (count < least) text += option + ": " + std::to_string(count) + "; ";
    return text;
}

} // namespace test_support
