// Every option, size, type and alignment: the device's bits are the host's.
#include "equality.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <limits>
#include <vector>

#include "support/arena.hpp"
#include "support/config.hpp"
#include "support/dice.hpp"

namespace {

using ddim::blend_time;
using ddim::element_type;
using ddim::final_alpha;
using ddim::guidance;
using ddim::initial_state;
using ddim::known_noise;
using ddim::prediction;
using device_tests::check_equal;
using device_tests::way;
using test_support::dice;
using test_support::modes;
using test_support::scenario;
using test_support::scenario_plan;
using test_support::score_change;
using test_support::solver;
using test_support::types;
using test_support::x0_change;

constexpr bool either[] = {false, true};
constexpr score_change score_changes[] = {score_change::none, score_change::adds_state, score_change::rescales};
constexpr x0_change x0_changes[] = {x0_change::none, x0_change::rounds, x0_change::thresholds};
constexpr solver solvers[] = {solver::ddim,  solver::dpm_solver_2m, solver::dpm_solver_3m, solver::sde_dpm_solver_2m,
                              solver::unipc, solver::heun,          solver::one_slot,      solver::made_up,
                              solver::pndm};

// What is not the subject of a sweep is drawn, so that it is not one value all through it.
element_type draw_type(dice& die) { return die.option(element_type::float32, element_type::bfloat16); }
/// DDIM as often as one of the others. Without PNDM, which does not let its x0 be changed.
solver draw_solver(dice& die) {
    return die.one_in(2) ? solver::ddim : die.option(solver::dpm_solver_2m, solver::made_up);
}
solver draw_noisy_solver(dice& die) {
    constexpr solver noisy[] = {solver::ddim, solver::ddim, solver::sde_dpm_solver_2m, solver::made_up};
    return noisy[die.between(0, 3)];
}
unsigned draw_off(dice& die) {
    return static_cast<unsigned>(die.between(0, test_support::everything) & die.between(0, test_support::everything));
}

/// Shapes whose samples hold whole accesses of 16 bytes, of each type or of float32 only, and others. In an order
/// that keeps step with no loop.
ddim::shape small_shape(int i) {
    constexpr ddim::shape shapes[] = {{2, 33}, {1, 15}, {3, 24}, {2, 132}};
    return shapes[(i + i / 4 + i / 16) % 4];
}

/// Of a list that is repeated: by itself for all, for a sample, or for a part of one that wraps within a chunk or
/// between chunks.
std::int64_t list_size(const ddim::shape& dims, int i) {
    switch (i % 4) {
    case 0: return dims.batch * dims.elements;
    case 1: return dims.elements;
    case 2: return dims.elements / 3;
    default: return 1;
    }
}

} // namespace

TEST_CASE("every size, with and without alignment, of one to three samples, in every type") {
    for (const std::int64_t elements : {1, 2, 3, 4, 5, 31, 32, 33, 127, 128, 129, 1000, 1024}) {
        for (const std::int64_t batch : {1, 2, 3}) {
            for (const element_type type : types) {
                for (const unsigned off : {test_support::nothing, test_support::everything}) {
                    scenario what;
                    what.dims = {batch, elements};
                    what.type = type;
                    what.off = off;
                    what.gives_step_noise = true;
                    what.mask_size = elements;
                    what.observes = what.keeps_x0 = true;
                    check_equal(what);
                    what.gives_step_noise = what.observes = what.keeps_x0 = false;
                    what.mask_size = 0;
                    check_equal(what, {way::plain});
                    what.mode = guidance::none;
                    check_equal(what, {way::plain});
                    what.plan = scenario_plan({1.0}, solver::made_up);
                    check_equal(what, {way::plain});
                    what.prefix_size = what.gain_size = elements;
                    check_equal(what, {way::plain});
                }
            }
        }
    }
}

TEST_CASE("one buffer out of line, all others aligned") {
    for (unsigned off = 1; off < test_support::everything; off *= 2) {
        for (const bool draws : either) {
            scenario what;
            what.dims = {2, 24};
            what.off = off;
            what.type = element_type::bfloat16;
            what.initial = initial_state::noised;
            what.gives_initial_noise = what.gives_step_noise = what.gives_mask_noise = !draws;
            what.dropout = 0.3f;
            what.gives_keep = !draws;
            what.mask_size = what.prefix_size = what.gain_size = 24;
            check_equal(what);
            what.hands_noise = 5;
            check_equal(what, {way::plain});
            what.hands_noise = 0;
            what.mask_size = what.prefix_size = what.gain_size = 0;
            what.dropout = 0.0f;
            check_equal(what);
            what.plan = scenario_plan({1.0}, solver::made_up);
            check_equal(what, {way::plain});
        }
    }
}

TEST_CASE("sizes of an image and of more than a million") {
    for (const element_type type : types) {
        scenario what;
        what.type = type;
        what.dims = {2, 4 * 64 * 64 * 3};
        check_equal(what, {way::plain});
        what.plan = scenario_plan({1.0}, solver::unipc);
        check_equal(what, {way::plain});
    }
    for (const unsigned off : {test_support::nothing, test_support::everything}) {
        scenario what;
        what.dims = {1, (1 << 20) + 3};
        what.mode = guidance::none;
        what.off = off;
        what.type = off == test_support::nothing ? element_type::float32 : element_type::float16;
        check_equal(what, {way::plain});
    }
}

TEST_CASE("a batch beyond what a grid has along y") {
    scenario what;
    what.mode = guidance::none;
    what.first_sample = 3;
    what.dims = {65535 + 70, 5};
    check_equal(what, {way::plain});
}

TEST_CASE("a batch beyond what a grid has along y, of samples that fill a block") {
    constexpr ddim::shape dims{65535 + 2, 129 * 4};
    constexpr std::size_t values = static_cast<std::size_t>(dims.batch * dims.elements);
    // One step of the start alone: the whole state is known at once, and neither model nor noise takes time.
    ddim::plan<1> plan;
    plan.steps = 1;
    plan.state = ddim::status::ok;
    plan.rows[0].u_x = 0.5f;
    device_tests::device_target device(way::plain);
    ddim::sampler_config config = test_support::make_config(plan, dims);
    config.initial = initial_state::given;
    config.backend = device.backend();
    config.model.function = [](void*, const ddim::model_call& call) noexcept -> int {
        const std::size_t bytes = static_cast<std::size_t>(call.rows * call.elements) * sizeof(float);
        return cudaMemsetAsync(call.output, 0, bytes, static_cast<cudaStream_t>(call.stream));
    };
    const std::size_t bytes = test_support::arena_bytes_of(config);
    config.arena = {device.lend(bytes), bytes};
    const ddim::span<float> x{reinterpret_cast<float*>(device.lend(values * sizeof(float))), values};
    std::vector<float> expected(values);
    for (std::size_t i = 0; i < values; ++i) expected[i] = static_cast<float>(i % 8191);
    device.write(x.data, expected.data(), values * sizeof(float));
    for (float& value : expected) value *= 0.5f;
    ddim::sampler sampler;
    REQUIRE(sampler.init(config) == ddim::status::ok);
    REQUIRE(device.run(sampler, x, 7) == ddim::status::ok);
    const std::vector<float> found = device.read_floats(x.data, x.size);
    CHECK(std::memcmp(found.data(), expected.data(), values * sizeof(float)) == 0);
    CHECK(device.is_undamaged());
}

TEST_CASE("guidance, eta, type and prediction in every combination") {
    int i = 0;
    for (const guidance mode : modes) {
        for (const float scale : {0.0f, 1.0f, -1.5f, 7.5f}) {
            if (mode == guidance::none && scale > 0.0f) continue;
            for (const double eta : {0.0, 1.0}) {
                for (const element_type type : types) {
                    for (const prediction predicts :
                         {prediction::epsilon, prediction::sample, prediction::v_prediction}) {
                        scenario what;
                        what.dims = small_shape(i++);
                        what.mode = mode;
                        what.scale = scale;
                        what.type = type;
                        ddim::ddim_options options;
                        options.eta = eta;
                        options.predicts = predicts;
                        what.plan = scenario_plan(options);
                        check_equal(what);
                    }
                }
            }
        }
    }
}

TEST_CASE("every solver under every guidance, from every type, at every kind of x0") {
    int i = 0;
    for (const solver kind : solvers) {
        for (const guidance mode : modes) {
            for (const element_type type : types) {
                for (const prediction predicts :
                     {prediction::epsilon, prediction::sample, prediction::v_prediction, prediction::edm}) {
                    scenario what;
                    what.dims = small_shape(i++);
                    what.mode = mode;
                    what.type = type;
                    ddim::ddim_options options;
                    options.eta = 0.75;
                    options.predicts = predicts;
                    if (i % 3 == 0) options.clip = 0.5;
                    what.plan = scenario_plan(options, kind, i % 2 == 0 ? final_alpha::first : final_alpha::one);
                    what.keeps_x0 = what.observes = i % 4 == 0;
                    what.score = score_changes[i % 5 % 3];
                    if (kind != solver::pndm) what.x0 = x0_changes[i % 7 % 3];
                    check_equal(what);
                }
            }
        }
    }
}

TEST_CASE("clipped and rederived plans, from noise of variance 1 and scaled") {
    dice die{1};
    for (const double clip : {0.25, 1.0, std::numeric_limits<double>::infinity()}) {
        for (const bool rederives : either) {
            for (const float start_scale : {1.0f, 14.61f}) {
                for (const guidance mode : modes) {
                    scenario what;
                    what.mode = mode;
                    what.type = draw_type(die);
                    what.off = draw_off(die);
                    ddim::ddim_options options;
                    options.eta = 0.5;
                    options.clip = clip;
                    options.rederive_epsilon = rederives;
                    what.plan = scenario_plan(options);
                    what.plan.start_scale = start_scale;
                    what.observes = what.keeps_x0 = die.one_in(2);
                    check_equal(what);
                }
            }
        }
    }
}

TEST_CASE("initial and step noise drawn, given, repeated and dropped, from any first sample") {
    dice die{1};
    int i = 0;
    for (const initial_state initial : {initial_state::drawn, initial_state::given, initial_state::noised}) {
        for (const bool gives_initial : either) {
            for (const bool gives_steps : either) {
                for (const bool repeats : either) {
                    for (const float dropout : {0.0f, 0.3f}) {
                        for (const bool gives_keep : either) {
                            scenario what;
                            what.dims = small_shape(i++);
                            what.type = draw_type(die);
                            what.mode = die.one_in(2) ? guidance::none : guidance::batched;
                            what.off = draw_off(die);
                            what.initial = initial;
                            what.gives_initial_noise = gives_initial;
                            what.gives_step_noise = gives_steps;
                            what.repeats_noise = repeats;
                            what.dropout = dropout;
                            what.gives_keep = gives_keep;
                            what.first_sample = die.one_in(2) ? 0 : (std::int64_t{1} << 31) - 100;
                            what.plan = scenario_plan({1.0}, draw_noisy_solver(die));
                            what.plan.start_scale = die.one_in(2) ? 1.0f : 0.375f;
                            check_equal(what);
                        }
                    }
                }
            }
        }
    }
}

TEST_CASE("inpainting in each mode, with a mask for all, for a sample and for a part of it") {
    dice die{1};
    int i = 0;
    for (const blend_time when : {blend_time::before_model, blend_time::after_step,
                                  blend_time::after_step_at_old_level, blend_time::on_x0, blend_time::at_start}) {
        for (const known_noise known : {known_noise::fresh, known_noise::same, known_noise::none}) {
            for (const bool ends_exact : either) {
                for (const bool gives_noise : either) {
                    // [batch, elements], [elements], divisors that wrap within a chunk and between chunks
                    for (const std::int64_t part : {0, 1, 3, 5, 60}) {
                        scenario what;
                        what.dims = {i++ % 3 + 1, 60};
                        if (i % 4 == 0) what.dims.elements = 15;
                        what.mask_size = part == 0 ? what.dims.batch * what.dims.elements : part;
                        if (what.mask_size == 60) what.mask_size = what.dims.elements;
                        what.when = when;
                        what.known = known;
                        what.ends_exact = ends_exact;
                        what.gives_mask_noise = gives_noise;
                        what.mask_regenerates = die.one_in(2);
                        what.type = draw_type(die);
                        what.mode = die.one_in(2) ? guidance::none : guidance::sequential;
                        what.off = draw_off(die);
                        what.observes = die.one_in(2);
                        what.keeps_x0 = what.observes && die.one_in(2);
                        what.sees_start = die.one_in(2);
                        what.initial = die.one_in(2) ? initial_state::drawn : initial_state::noised;
                        what.plan = scenario_plan({1.0}, draw_solver(die));
                        check_equal(what);
                    }
                }
            }
        }
    }
}

TEST_CASE("score corrector, x0 hook and observer, alone and together") {
    dice die{1};
    int i = 0;
    for (const guidance mode : modes) {
        for (const element_type type : types) {
            for (const score_change score : score_changes) {
                for (const x0_change x0 : x0_changes) {
                    for (const int observer : {0, 1, 2, 3}) {
                        scenario what;
                        what.dims = small_shape(i++);
                        what.mode = mode;
                        what.type = type;
                        what.score = score;
                        what.x0 = x0;
                        what.hooks_state = die.one_in(4);
                        what.keeps_x0 = observer >= 1;
                        what.observes = observer >= 2;
                        what.sees_start = observer == 3;
                        what.mask_size = i % 3 == 0 ? what.dims.elements : 0;
                        what.when = i % 2 == 0 ? blend_time::on_x0 : blend_time::before_model;
                        what.plan = scenario_plan({1.0}, draw_solver(die));
                        check_equal(what);
                    }
                }
            }
        }
    }
}

TEST_CASE("a run in a capture of the caller's, and one on the legacy default stream") {
    int i = 0;
    for (const guidance mode : modes) {
        for (const element_type type : types) {
            scenario what;
            what.dims = small_shape(i++);
            what.mode = mode;
            what.type = type;
            what.score = score_changes[1 + i % 2];
            what.x0 = x0_changes[1 + i / 2 % 2];
            what.hooks_state = what.keeps_x0 = what.observes = true;
            what.mask_size = what.prefix_size = what.gain_size = what.dims.elements;
            what.plan = scenario_plan({1.0}, i % 2 == 0 ? solver::ddim : solver::unipc);
            check_equal(what, {way::nested, way::legacy});
            what.hands_noise = 6;
            what.changes_state = true;
            check_equal(what, {way::nested, way::legacy});
        }
    }
}

TEST_CASE("a known region at a level without noise whose alpha is not 1") {
    for (const bool gives_noise : either) {
        scenario what;
        what.dims = {2, 60};
        what.mask_size = 60;
        what.when = blend_time::after_step;
        what.gives_mask_noise = gives_noise;
        for (ddim::step_row& row : what.plan.rows) row.to = {2.0f, 0.0f};
        check_equal(what);
    }
}

TEST_CASE("dropout of a probability that is an entry's random word") {
    const std::uint32_t step = 1, purpose = static_cast<std::uint32_t>(ddim::noise_purpose::dropout);
    scenario what;
    what.dims = {1, 2048};
    for (std::uint32_t i = 0; i < 2048; ++i) {
        const std::uint32_t word =
            ddim::philox4x32_10({{i / 4, 0, step, purpose}}, test_support::scenario_seed).word[i % 4];
        if (word % 256 == 0) what.dropout = static_cast<float>(word) * 0x1p-32f; // which holds 24 bits
    }
    REQUIRE(what.dropout > 0.0f);
    check_equal(what, {way::plain});
}

TEST_CASE("infinities, NaN and subnormal numbers go the same way") {
    for (const element_type type : types) {
        for (const guidance mode : modes) {
            for (const double clip : {1.0, std::numeric_limits<double>::infinity()}) {
                scenario what;
                what.dims = {2, 52};
                what.type = type;
                what.mode = mode;
                what.is_wild = true;
                what.observes = what.keeps_x0 = true;
                ddim::ddim_options options;
                options.eta = 1.0;
                options.clip = clip;
                for (const solver kind : {solver::ddim, solver::unipc, solver::pndm}) {
                    what.plan = scenario_plan(options, kind);
                    check_equal(what, {way::plain});
                }
                what.plan = scenario_plan(options);
                what.prefix_size = what.gain_size = what.dims.elements;
                what.hooks_state = true;
                for (const x0_change x0 : x0_changes) {
                    what.x0 = x0;
                    what.score = score_changes[static_cast<int>(x0)];
                    check_equal(what, {way::plain});
                }
            }
        }
    }
}

TEST_CASE("guidance scales of the steps: guided in all, some and none of them") {
    dice die{1};
    int i = 0;
    const std::vector<float> lists[] = {{7.5f, 1.0f, 1.0f, 1.0f},
                                        {1.0f, 2.0f, 0.0f, 1.0f},
                                        {1.0f, 1.0f, 1.0f, 3.0f},
                                        {3.0f, 2.0f, -1.5f, 0.5f},
                                        {1.0f, 1.0f, 1.0f, 1.0f}};
    for (const guidance mode : {guidance::batched, guidance::sequential}) {
        for (const element_type type : types) {
            for (const std::vector<float>& list : lists) {
                for (const score_change score : score_changes) {
                    scenario what;
                    what.dims = small_shape(i++);
                    what.mode = mode;
                    what.type = type;
                    what.scales = list;
                    what.score = score;
                    what.off = draw_off(die);
                    what.x0 = x0_changes[i % 3];
                    what.mask_size = i % 2 == 0 ? what.dims.elements : 0;
                    what.observes = die.one_in(2);
                    what.hooks_state = die.one_in(3);
                    what.plan = scenario_plan({1.0}, draw_solver(die));
                    check_equal(what);
                }
            }
        }
    }
}

TEST_CASE("pull and gain, alone and together, with lists of every size, beside every blend") {
    dice die{1};
    int i = 0;
    for (const guidance mode : modes) {
        for (const element_type type : types) {
            for (const bool pulls : either) {
                for (int size = 0; size < 4; ++size) {
                    for (const blend_time when : {blend_time::before_model, blend_time::after_step, blend_time::on_x0,
                                                  blend_time::at_start}) {
                        scenario what;
                        what.dims = {i % 3 + 1, i % 5 == 0 ? 15 : 60};
                        what.mode = mode;
                        what.type = type;
                        if (pulls) what.prefix_size = list_size(what.dims, size);
                        if (!pulls || die.one_in(2)) what.gain_size = list_size(what.dims, size + i / 4);
                        what.mask_size = die.one_in(3) ? 0 : what.dims.elements;
                        what.when = when;
                        what.off = draw_off(die);
                        what.x0 = x0_changes[i % 3];
                        what.keeps_x0 = what.observes = die.one_in(2);
                        what.plan = scenario_plan({1.0}, draw_solver(die));
                        check_equal(what);
                        ++i;
                    }
                }
            }
        }
    }
}

TEST_CASE("a state hook, and a state that the caller changes, before every kind of input") {
    dice die{1};
    int i = 0;
    for (const guidance mode : modes) {
        for (const element_type type : types) {
            for (const bool blends : either) {
                for (const bool hooks : either) {
                    for (const bool observes : either) {
                        scenario what;
                        what.dims = small_shape(i++);
                        what.mode = mode;
                        what.type = type;
                        what.scale = i % 3 == 0 ? 1.0f : 2.5f;
                        what.hooks_state = hooks;
                        what.changes_state = !hooks || die.one_in(3);
                        what.mask_size = blends ? what.dims.elements : 0;
                        what.when = die.one_in(2) ? blend_time::before_model : blend_time::after_step;
                        what.observes = what.sees_start = observes;
                        what.off = draw_off(die);
                        what.plan = scenario_plan({1.0}, draw_solver(die));
                        check_equal(what);
                    }
                }
            }
        }
    }
}

TEST_CASE("step noise handed in, for all, some and one of the steps") {
    dice die{1};
    int i = 0;
    for (const unsigned steps : {15u, 10u, 1u, 8u}) {
        for (const bool gives_steps : either) {
            for (const bool repeats : either) {
                for (const float dropout : {0.0f, 0.3f}) {
                    for (const element_type type : types) {
                        scenario what;
                        what.dims = small_shape(i++);
                        what.type = type;
                        what.mode = modes[i % 3];
                        what.off = draw_off(die);
                        what.hands_noise = steps;
                        what.gives_step_noise = gives_steps;
                        what.repeats_noise = repeats;
                        what.dropout = dropout;
                        what.plan = scenario_plan({1.0}, draw_noisy_solver(die));
                        check_equal(what);
                    }
                }
            }
        }
    }
}

TEST_CASE("dynamic thresholding and guidance rescale of samples of every size") {
    dice die{1};
    int i = 0;
    constexpr float ratios[] = {0.995f, 0.0f, 0.5f, 1.0f}, phis[] = {0.7f, 1.0f, 0.0f};
    for (const std::int64_t elements : {1, 2, 3, 4, 31, 255, 256, 257, 513, 1000, 4099}) {
        for (const element_type type : types) {
            for (const guidance mode : {guidance::batched, guidance::sequential}) {
                scenario what;
                what.dims = {i % 3 + 1, elements};
                what.type = type;
                what.mode = mode;
                what.off = draw_off(die);
                what.score = score_change::rescales;
                what.phi = phis[i % 3];
                what.x0 = x0_change::thresholds;
                what.thresholding = {ratios[i % 4], i % 5 == 0 ? 1.0f : 1e6f};
                what.keeps_x0 = what.observes = true;
                check_equal(what);
                ++i;
            }
        }
    }
}

TEST_CASE("thresholding and rescale of more samples than blocks, and of a long sample") {
    for (const ddim::shape& dims : {ddim::shape{2051, 5}, ddim::shape{2, (1 << 16) + 5}}) {
        scenario what;
        what.dims = dims;
        what.score = score_change::rescales;
        what.x0 = x0_change::thresholds;
        what.thresholding.sample_max_value = 1e6f; // above any quantile here
        check_equal(what, {way::plain});
    }
}
