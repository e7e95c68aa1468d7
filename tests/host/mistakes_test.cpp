// What a user gets wrong and would not notice: each mistake has its own status, and a message that says what to do.
#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <vector>

#include "ddim/solvers.hpp"
#include "host/wrong_inputs.hpp"
#include "support/run.hpp"

namespace {

using ddim::status;
using test_support::noisy_plan;
using test_support::quiet_plan;
using test_support::scripted_run;

/// A wrong config, and what its user is told.
struct mistake {
    test_support::wrong_config config;
    const char* message;
};

const float ten[10] = {0.0f, 0.25f, 0.5f, 0.75f, 1.0f, 0.0f, 0.25f, 0.5f, 0.75f, 1.0f};
const float state_like[10] = {-0.3f, 0.2f, 1.7f, -2.1f, 0.4f, 0.9f, -0.8f, 0.1f, 0.6f, -1.2f};
const float noise_of_steps[40] = {};
const std::uint64_t seeds[2] = {1, 2};

constexpr auto inverse_plan = ddim::ddim_inverse_plan<4>(test_support::trailing_levels<4>);
constexpr auto cut_levels_plan = ddim::ddim_plan<4>(ddim::last_levels(test_support::trailing_levels<8>, 4), {1.0});
constexpr ddim::timestep_pair pairs[] = {{9, 8}, {7, 6}, {5, 4}, {3, -1}};
constexpr auto noised_plan =
    ddim::ddim_plan<4>(ddim::paired_levels(test_support::schedule, pairs, ddim::final_alpha::first, 8));

const char* const not_noise = "this plan does not start from noise, so x_T must be given or noised, not drawn";
const char* const needs_mode = "a guidance scale other than 1 needs a guidance mode";
const char* const needs_mask = "what is known, or how it is put in place, needs a mask";
const char* const not_a_mask = "every entry of a mask must lie in [0, 1]";
const char* const one_seed_too_many =
    "a seed for each sample excludes a first_sample, repeated noise and a seed of the run other than 0";

void know(ddim::sampler_config& config, const float (&mask)[10], const float (&x0)[10]) {
    config.known = ddim::compvis_inpainting();
    config.known.mask = mask;
    config.known.x0 = x0;
}

const mistake mistakes[] = {
    {{"a guidance scale, and no guidance", status::guidance_unused, [](auto& c) { c.guidance_scale = 7.5f; }},
     needs_mode},
    {{"a guidance scale of 0, and no guidance", status::guidance_unused, [](auto& c) { c.guidance_scale = 0.0f; }},
     needs_mode},
    {{"an inverse plan from drawn noise", status::start_not_noise, [](auto& c) { c.plan = inverse_plan; }},
     not_noise},
    {{"the last steps from drawn noise", status::start_not_noise,
      [](auto& c) { c.plan = ddim::last_steps(noisy_plan<8>, 4); }},
     not_noise},
    {{"the last levels from drawn noise", status::start_not_noise, [](auto& c) { c.plan = cut_levels_plan; }},
     not_noise},
    {{"a plan noised to a level of its own, from drawn noise", status::start_not_noise,
      [](auto& c) { c.plan = noised_plan; }},
     not_noise},
    {{"initial noise, and x_T given", status::initial_noise_unused,
      [](auto& c) {
          c.initial = ddim::initial_state::given;
          c.initial_noise = state_like;
      }},
     "initial noise is not read where x_T is given"},
    {{"an inpainting convention without a mask", status::mask_missing,
      [](auto& c) { c.known = ddim::diffusers_inpainting(); }},
     needs_mask},
    {{"an inpainting time without a mask", status::mask_missing,
      [](auto& c) { c.known.when = ddim::blend_time::at_start; }},
     needs_mask},
    {{"a known x0 without a mask", status::mask_missing, [](auto& c) { c.known.x0 = state_like; }}, needs_mask},
    {{"noise for a known x0 without a mask", status::mask_missing,
      [](auto& c) { c.known.given_noise = noise_of_steps; }},
     needs_mask},
    {{"mask and x0 swapped", status::mask_out_of_range, [](auto& c) { know(c, state_like, ten); }}, not_a_mask},
    {{"a mask of 0 and 255", status::mask_out_of_range,
      [](auto& c) {
          static const float bytes[10] = {255.0f, 0.0f};
          know(c, bytes, state_like);
      }},
     not_a_mask},
    {{"a mask of -1 and 1", status::mask_out_of_range,
      [](auto& c) {
          static const float signs[10] = {1.0f, -1.0f};
          know(c, signs, state_like);
      }},
     not_a_mask},
    {{"a mask with NaN in its last entry", status::mask_out_of_range,
      [](auto& c) {
          static const float holed[10] = {1, 1, 1, 1, 1, 1, 1, 1, 1, test_support::not_a_number};
          know(c, holed, state_like);
      }},
     not_a_mask},
    {{"noise for what is put in place clean", status::mask_noise_unused,
      [](auto& c) {
          know(c, ten, state_like);
          c.known.noise = ddim::known_noise::none;
          c.known.given_noise = state_like;
      }},
     "noise for the known region is not read where that is put in place clean"},
    {{"noise for what is put into x0", status::mask_noise_unused,
      [](auto& c) {
          know(c, ten, state_like);
          c.known.when = ddim::blend_time::on_x0;
          c.known.given_noise = noise_of_steps;
      }},
     "noise for the known region is not read where that is put in place clean"},
    {{"a keep mask without dropout", status::dropout_keep_unused, [](auto& c) { c.dropout_keep = noise_of_steps; }},
     "a keep mask is not read without a noise dropout above 0"},
    {{"seeds of the samples, and a first sample", status::seeds_mismatch,
      [](auto& c) {
          c.seeds = seeds;
          c.first_sample = 2;
      }},
     one_seed_too_many},
    {{"seeds of the samples, and one noise for all", status::seeds_mismatch,
      [](auto& c) {
          c.seeds = seeds;
          c.repeat_noise = true;
      }},
     one_seed_too_many},
};

} // namespace

test_support::wrong_inputs test_support::silent_mistakes() {
    wrong_inputs inputs;
    for (const mistake& made : mistakes) inputs.configs.push_back(made.config);
    return inputs;
}

TEST_CASE("a mistake that would pass silently is refused, and told what to do") {
    test_support::check_configs(test_support::silent_mistakes().configs);
    for (const mistake& made : mistakes) CHECK(std::strcmp(ddim::message(made.config.expected), made.message) == 0);
}

TEST_CASE("what makes each of them good: a mode, an x_T, a mask") {
    ddim::sampler_config config = test_support::make_config(inverse_plan, {2, 5});
    const auto is_good = [](const ddim::sampler_config& made) {
        scripted_run run;
        ddim::sampler_config whole = made;
        whole.model = run.config.model;
        whole.backend = run.config.backend;
        test_support::guarded_arena arena(test_support::arena_bytes_of(whole));
        whole.arena = arena.view();
        return run.sampler.init(whole) == status::ok;
    };
    for (const ddim::initial_state initial : {ddim::initial_state::given, ddim::initial_state::noised}) {
        config.initial = initial;
        for (const ddim::plan_view plan : {ddim::plan_view(inverse_plan), ddim::last_steps(noisy_plan<8>, 4),
                                           ddim::plan_view(cut_levels_plan), ddim::plan_view(noised_plan)}) {
            config.plan = plan;
            CHECK(is_good(config));
        }
    }
    config = test_support::make_config(noisy_plan<4>, {2, 5}, {}, ddim::guidance::batched);
    config.initial = ddim::initial_state::noised;
    config.initial_noise = state_like;
    know(config, ten, state_like);
    config.seeds = seeds;
    CHECK(is_good(config));
}

TEST_CASE("of two mistakes the one is told that the order of the checks puts first") {
    const struct {
        status first;
        void (*spoil)(ddim::sampler_config&);
    } pairs_of_mistakes[] = {
        {status::seeds_mismatch,
         [](auto& c) {
             c.seeds = seeds;
             c.repeat_noise = true;
             c.backend = {};
         }},
        {status::initial_noise_unused,
         [](auto& c) {
             c.initial = ddim::initial_state::given;
             c.initial_noise = {state_like, 1};
             c.known.x0 = state_like;
         }},
        {status::mask_missing,
         [](auto& c) {
             c.seeds = {seeds, 1};
             c.known.x0 = state_like;
         }},
        {status::known_x0_too_small, // the mask's entries are looked at last
         [](auto& c) {
             know(c, state_like, ten);
             c.known.x0.size = 9;
         }},
    };
    for (const auto& both : pairs_of_mistakes) {
        scripted_run run;
        both.spoil(run.config);
        CHECK(run.init() == both.first);
    }
}

TEST_CASE("a mask that a device holds is not read by the host") {
    scripted_run run(ddim::guidance::none, 1.0f, true);
    know(run.config, state_like, ten);
    CHECK(run.init() == status::ok);
}

TEST_CASE("a blend of x0 without a mask wants the mask, whatever the plan takes from x0") {
    scripted_run run;
    run.config.plan = test_support::x0_free_plan;
    run.config.known.when = ddim::blend_time::on_x0;
    CHECK(run.init() == status::mask_missing);
}

TEST_CASE("the last steps of a whole plan start from noise, those of a part do not") {
    CHECK(ddim::last_steps(noisy_plan<8>, 8).starts_from_noise);
    CHECK_FALSE(ddim::last_steps(noisy_plan<8>, 7).starts_from_noise);
    CHECK_FALSE(ddim::last_steps(ddim::last_steps(noisy_plan<8>, 7), 7).starts_from_noise);
    CHECK(noisy_plan<8>.starts_from_noise);
    const auto paired = [](int noised_timestep) {
        return ddim::ddim_plan<4>(
            ddim::paired_levels(test_support::schedule, pairs, ddim::final_alpha::first, noised_timestep));
    };
    CHECK(paired(-1).starts_from_noise);
    ddim::levels not_paired = test_support::trailing_levels<4>;
    not_paired.noised_timestep = 8; // which only paired levels have
    CHECK(ddim::ddim_plan<4>(not_paired).starts_from_noise);
    CHECK_FALSE(paired(0).starts_from_noise);
    CHECK_FALSE(inverse_plan.starts_from_noise);
}

TEST_CASE("at eta 0 step noise and dropout are neither read nor checked") {
    scripted_run run;
    run.config.plan = quiet_plan<4>;
    run.config.step_noise = {noise_of_steps, 1};
    run.config.noise_dropout = 1.5f;
    run.config.dropout_keep = {noise_of_steps, 1};
    CHECK(run.init() == status::ok);
    CHECK(run.run() == status::ok);
    std::vector<float> without(10, 0.5f);
    CHECK(test_support::run_config(test_support::make_config(quiet_plan<4>, {2, 5}, run.config.model), without) ==
          status::ok);
    CHECK(run.x == without);

    // Another plan that reads them is another matter.
    CHECK(run.sampler.set_plan(noisy_plan<4>) == status::noise_dropout_out_of_range);
    run.config.noise_dropout = 0.5f;
    CHECK(run.init() == status::ok);
    CHECK(run.sampler.set_plan(noisy_plan<4>) == status::noise_too_small);
    CHECK(run.sampler.set_plan(noisy_plan<8>) == status::plan_mismatch); // that comes first
    run.config.step_noise = noise_of_steps;
    CHECK(run.init() == status::ok);
    CHECK(run.sampler.set_plan(noisy_plan<4>) == status::dropout_keep_too_small);
    run.config.dropout_keep = noise_of_steps;
    CHECK(run.init() == status::ok);
    CHECK(run.sampler.set_plan(noisy_plan<4>) == status::ok);
}

TEST_CASE("set_guidance_scale and set_plan refuse what init refuses, and change nothing") {
    scripted_run run;
    REQUIRE(run.init() == status::ok);
    CHECK(run.sampler.set_guidance_scale(2.0f) == status::guidance_unused);
    CHECK(run.sampler.set_guidance_scale(1.0f) == status::ok);
    CHECK(run.sampler.set_plan(inverse_plan) == status::start_not_noise);
    CHECK(run.sampler.config().plan.rows == noisy_plan<4>.rows);
}
