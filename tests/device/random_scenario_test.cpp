// Options at random, together as no sweep has them: the device's bits are the host's.
#include <doctest/doctest.h>

#include <cstdint>

#include "equality.hpp"
#include "support/dice.hpp"

namespace {

using test_support::dice;
using test_support::scenario;
using test_support::scenario_plan;
using test_support::solver;

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
    what.initial = die.option(ddim::initial_state::drawn, ddim::initial_state::noised);
    what.gives_initial_noise = die.one_in(3);
    what.gives_step_noise = die.one_in(3);
    what.repeats_noise = die.one_in(3);
    if (die.one_in(3)) what.dropout = static_cast<float>(die.real(0.01, 0.95));
    what.gives_keep = die.one_in(2);
    what.first_sample = die.one_in(2) ? 0 : die.between(0, 100'000);
}

void draw_known(dice& die, scenario& what) {
    const std::int64_t elements = what.dims.elements;
    switch (die.between(0, 7)) {
    case 0: what.mask_size = what.dims.batch * elements; break;
    case 1: what.mask_size = elements; break;
    case 2: what.mask_size = elements / draw_divisor(die, elements, 16); break;
    case 3: what.mask_size = draw_divisor(die, elements, 40); break;
    default: return; // no inpainting
    }
    what.when = die.option(ddim::blend_time::before_model, ddim::blend_time::on_x0);
    what.known = die.option(ddim::known_noise::fresh, ddim::known_noise::none);
    what.mask_regenerates = die.one_in(2);
    what.ends_exact = die.one_in(2);
    what.gives_mask_noise = die.one_in(2);
}

scenario draw_scenario(dice& die) {
    scenario what;
    what.dims = draw_shape(die);
    what.type = die.option(ddim::element_type::float32, ddim::element_type::bfloat16);
    what.mode = die.option(ddim::guidance::none, ddim::guidance::sequential);
    what.scale = die.one_in(4) ? 1.0f : static_cast<float>(die.real(-2.0, 10.0));
    if (die.one_in(2)) what.off = static_cast<unsigned>(die.between(1, test_support::everything));
    what.is_wild = die.one_in(6);
    const solver kind = draw_plan(die, what);
    draw_noise(die, what);
    draw_known(die, what);
    what.corrects_score = die.one_in(4);
    what.rounds_x0 = die.one_in(4);
    what.keeps_x0 = die.one_in(3);
    what.observes = die.one_in(2);
    what.sees_start = die.one_in(2);
    if (kind == solver::pndm) { // which refuses to have its x0 changed
        what.rounds_x0 = false;
        if (what.when == ddim::blend_time::on_x0) what.when = ddim::blend_time::after_step;
    }
    return what;
}

} // namespace

TEST_CASE("options at random, alone and together") {
    dice die{1};
    for (int i = 0; i < 300; ++i) device_tests::check_equal(draw_scenario(die));
}
