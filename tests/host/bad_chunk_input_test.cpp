// Every way to hand in wrongly what a run needs beside its plan: chunks, gains, lists of guidance scales, the noise
// of a step.
#include <doctest/doctest.h>

#include <cstddef>
#include <vector>

#include "host/wrong_inputs.hpp"

namespace {

using ddim::action_chunk;
using ddim::guidance;
using ddim::prefix_schedule;
using ddim::status;
using test_support::after_failure;
using test_support::after_giving_up;
using test_support::after_run;
using test_support::before_begin;
using test_support::before_init;
using test_support::call_on;
using test_support::infinity;
using test_support::lent_buffer;
using test_support::not_a_number;
using test_support::script;
using test_support::scripted_run;
using test_support::spare_values;
using test_support::within_run;
using test_support::wrong_config;
using test_support::wrong_use;

const float scales[] = {1.0f, 2.0f, 2.0f, 1.0f};

/// A pull with everything that belongs to it.
void lend_prefix(ddim::sampler_config& config) {
    static const float previous[10] = {}, weights[10] = {}, step_weights[4] = {};
    config.prefix = {previous, weights, step_weights};
}

template <std::size_t Count>
void lend_scales(ddim::sampler_config& config, const float (&list)[Count]) {
    config.mode = guidance::batched;
    config.guidance_scales = list;
}

void lend_gain(ddim::sampler_config& config, std::size_t size) { config.gain = {spare_values, size}; }

void lend_weights(ddim::sampler_config& config, std::size_t size) {
    lend_prefix(config);
    config.prefix.weights = {spare_values, size};
}

const wrong_config wrong_configs[] = {
    {"gain of size 0", status::gain_size_mismatch, [](auto& c) { lend_gain(c, 0); }},
    {"gain of a size that does not divide elements", status::gain_size_mismatch, [](auto& c) { lend_gain(c, 4); }},
    {"gain of two thirds of the batch", status::gain_size_mismatch, [](auto& c) { lend_gain(c, 8); }},
    {"gain larger than the batch", status::gain_size_mismatch, [](auto& c) { lend_gain(c, 20); }},
    {"prefix weights of size 0", status::prefix_weights_size_mismatch, [](auto& c) { lend_weights(c, 0); }},
    {"prefix weights of a size that does not divide elements", status::prefix_weights_size_mismatch,
     [](auto& c) { lend_weights(c, 4); }},
    {"prefix weights of two thirds of the batch", status::prefix_weights_size_mismatch,
     [](auto& c) { lend_weights(c, 8); }},
    {"prefix weights larger than the batch", status::prefix_weights_size_mismatch,
     [](auto& c) { lend_weights(c, 20); }},
    {"a pull without a previous chunk", status::previous_chunk_too_small,
     [](auto& c) {
         lend_prefix(c);
         c.prefix.previous = {};
     }},
    {"a pull toward a null chunk with a size", status::previous_chunk_too_small,
     [](auto& c) {
         lend_prefix(c);
         c.prefix.previous.data = nullptr;
     }},
    {"a pull without prefix weights", status::prefix_weights_size_mismatch,
     [](auto& c) {
         lend_prefix(c);
         c.prefix.weights = {};
     }},
    {"a pull by null prefix weights with a size", status::prefix_weights_size_mismatch,
     [](auto& c) {
         lend_prefix(c);
         c.prefix.weights.data = nullptr;
     }},
    {"a pull without step weights", status::step_weights_too_small,
     [](auto& c) {
         lend_prefix(c);
         c.prefix.step_weights = {};
     }},
    {"step weights alone", status::previous_chunk_too_small,
     [](auto& c) {
         c.prefix.step_weights = {spare_values, 4};
     }},
    {"a pull under a plan that uses no x0", status::x0_unused,
     [](auto& c) {
         c.plan = test_support::x0_free_plan;
         lend_prefix(c);
     }},
    {"blend time behind at_start", status::option_out_of_range,
     [](auto& c) { c.known.when = static_cast<ddim::blend_time>(5); }},
    {"blend time before before_model", status::option_out_of_range,
     [](auto& c) { c.known.when = static_cast<ddim::blend_time>(-1); }},
    {"a mask at the start without x0", status::known_x0_null,
     [](auto& c) {
         c.known = test_support::known_by(ddim::overlap_inpainting(), {spare_values, 5}, {});
     }},
    {"guidance scales without guidance", status::guidance_scales_mismatch,
     [](auto& c) {
         lend_scales(c, scales);
         c.mode = guidance::none;
     }},
    {"guidance scales for 3 of 4 steps", status::guidance_scales_mismatch,
     [](auto& c) {
         lend_scales(c, scales);
         c.guidance_scales.size = 3;
     }},
    {"guidance scales for 5 of 4 steps", status::guidance_scales_mismatch,
     [](auto& c) {
         static const float five[] = {2.0f, 2.0f, 2.0f, 2.0f, 2.0f};
         lend_scales(c, five);
     }},
    {"guidance scales of size 0", status::guidance_scales_mismatch,
     [](auto& c) {
         lend_scales(c, scales);
         c.guidance_scales.size = 0;
     }},
    {"guidance scales misaligned by 1", status::guidance_scales_mismatch,
     [](auto& c) {
         lend_scales(c, scales);
         c.guidance_scales.data = test_support::off_by_one(c.guidance_scales.data);
     }},
    {"guidance scales inside the arena", status::buffers_overlap,
     [](auto& c) {
         lend_scales(c, scales);
         c.guidance_scales.data = reinterpret_cast<const float*>(c.arena.data);
     }},
    {"a guidance scale of the list is NaN", status::guidance_scale_not_finite,
     [](auto& c) {
         static const float list[] = {2.0f, 2.0f, 2.0f, not_a_number};
         lend_scales(c, list);
     }},
    {"a guidance scale of the list is infinite", status::guidance_scale_not_finite,
     [](auto& c) {
         static const float list[] = {-infinity, 2.0f, 2.0f, 2.0f};
         lend_scales(c, list);
     }},
    {"the one guidance scale is NaN beside a list", status::guidance_scale_not_finite,
     [](auto& c) {
         lend_scales(c, scales);
         c.guidance_scale = not_a_number;
     }},
    {"arena without room for a backend's copy of the scales", status::arena_too_small,
     [](auto& c) {
         c.backend.load = [](void*, const ddim::load_job&) noexcept { return 0; };
         c.mode = guidance::batched;
         static test_support::guarded_arena arena(test_support::arena_bytes_of(c));
         c.arena = arena.view();
         lend_scales(c, scales);
     }},
};

const lent_buffer lent_buffers[] = {
    {"gain of each entry", 10, status::gain_misaligned, status::gain_size_mismatch,
     [](auto& c, auto buffer) { c.gain = buffer; }},
    {"gain of each sample", 5, status::gain_misaligned, status::gain_size_mismatch,
     [](auto& c, auto buffer) { c.gain = buffer; }},
    {"previous chunk", 10, status::previous_chunk_misaligned, status::previous_chunk_too_small,
     [](auto& c, auto buffer) {
         lend_prefix(c);
         c.prefix.previous = buffer;
     }},
    {"prefix weights of each entry", 10, status::prefix_weights_misaligned, status::prefix_weights_size_mismatch,
     [](auto& c, auto buffer) {
         lend_prefix(c);
         c.prefix.weights = buffer;
     }},
    {"prefix weights of each sample", 5, status::prefix_weights_misaligned, status::prefix_weights_size_mismatch,
     [](auto& c, auto buffer) {
         lend_prefix(c);
         c.prefix.weights = buffer;
     }},
    {"step weights", 4, status::step_weights_misaligned, status::step_weights_too_small,
     [](auto& c, auto buffer) {
         lend_prefix(c);
         c.prefix.step_weights = buffer;
     }},
};

// Makers of a chunk's numbers: 3 actions of 2, in the first 6 of the values.

float chunk_values[6];
const ddim::span<float> too_few{chunk_values, 5};
const action_chunk small_chunk{3, 2, 2};

status mask_of(int actions, int width, int used, int length) {
    return ddim::fill_prefix_mask({actions, width, used}, length, chunk_values);
}

status weights_of(int delay, int horizon, prefix_schedule schedule = prefix_schedule::linear) {
    return ddim::fill_prefix_weights(small_chunk, delay, horizon, schedule, chunk_values);
}

status ramp_of(int frozen, int overlap, double rate = 5.0) {
    return ddim::fill_ramp_gain(small_chunk, frozen, overlap, rate, chunk_values);
}

constexpr auto& flow_plan = test_support::flow_plan<6>;

status step_weights_of(const ddim::plan_view& plan, double most = 10.0) {
    return ddim::fill_step_weights(plan, most, chunk_values);
}

// Calls in the course of a run.

status set_noise(scripted_run& run, ddim::span<const float> noise) { return run.sampler.set_step_noise(noise); }
status set_good_noise(scripted_run& run) { return set_noise(run, {spare_values, 10}); }
status renew(scripted_run& run) { return run.sampler.renew_input(); }

/// On a sampler that has a list.
status with_scales(call_on call) {
    scripted_run run(guidance::batched);
    run.config.guidance_scales = scales;
    REQUIRE(run.init() == status::ok);
    return call(run);
}

status with_other_scales(ddim::span<const float> others) {
    scripted_run run(guidance::batched);
    run.config.guidance_scales = scales;
    REQUIRE(run.init() == status::ok);
    return run.sampler.set_guidance_scales(others);
}

const wrong_use wrong_uses[] = {
    // Makers of masks, weights and gains
    {"a chunk of 0 actions", status::chunk_out_of_range, [] { return mask_of(0, 2, 2, 0); }},
    {"a chunk of -1 actions", status::chunk_out_of_range, [] { return mask_of(-1, 2, 2, 0); }},
    {"a chunk of width 0", status::chunk_out_of_range, [] { return mask_of(3, 0, 0, 1); }},
    {"a chunk all of padding", status::chunk_out_of_range, [] { return mask_of(3, 2, 0, 1); }},
    {"a chunk that uses more than its width", status::chunk_out_of_range, [] { return mask_of(3, 2, 3, 1); }},
    {"a chunk larger than an int", status::chunk_out_of_range, [] { return mask_of(1 << 16, 1 << 15, 1, 1); }},
    {"a prefix of -1 actions", status::chunk_out_of_range, [] { return mask_of(3, 2, 2, -1); }},
    {"a prefix longer than the chunk", status::chunk_out_of_range, [] { return mask_of(3, 2, 2, 4); }},
    {"a mask into nothing", status::values_null, [] { return ddim::fill_prefix_mask(small_chunk, 1, {}); }},
    {"a mask into nothing with a size", status::values_null,
     [] {
         return ddim::fill_prefix_mask(small_chunk, 1, {nullptr, 6});
     }},
    {"a mask into too few values", status::values_size_mismatch,
     [] { return ddim::fill_prefix_mask(small_chunk, 1, too_few); }},
    {"a mask into too many values", status::values_size_mismatch,
     [] {
         return ddim::fill_prefix_mask({2, 2, 2}, 1, chunk_values);
     }},
    {"a mask longer than its chunk, as a list", status::chunk_out_of_range,
     [] { return ddim::prefix_mask<3, 2>(4).state; }},
    {"a delay of -1", status::chunk_out_of_range, [] { return weights_of(-1, 2); }},
    {"a horizon before the delay", status::chunk_out_of_range, [] { return weights_of(2, 1); }},
    {"a horizon behind the chunk", status::chunk_out_of_range, [] { return weights_of(1, 4); }},
    {"an unknown schedule", status::option_out_of_range,
     [] { return weights_of(1, 2, static_cast<prefix_schedule>(4)); }},
    {"a schedule of -1", status::option_out_of_range,
     [] { return weights_of(1, 2, static_cast<prefix_schedule>(-1)); }},
    {"weights of a chunk of 0 actions", status::chunk_out_of_range,
     [] {
         return ddim::fill_prefix_weights({0, 2, 2}, 0, 0, prefix_schedule::ones, chunk_values);
     }},
    {"weights into nothing", status::values_null,
     [] { return ddim::fill_prefix_weights(small_chunk, 1, 2, prefix_schedule::ones, {}); }},
    {"weights into too few values", status::values_size_mismatch,
     [] { return ddim::fill_prefix_weights(small_chunk, 1, 2, prefix_schedule::ones, too_few); }},
    {"weights by an unknown schedule, as a list", status::option_out_of_range,
     [] { return ddim::prefix_weights<3, 2>(1, 2, static_cast<prefix_schedule>(4)).state; }},
    {"-1 frozen actions", status::chunk_out_of_range, [] { return ramp_of(-1, 2); }},
    {"an overlap before what is frozen", status::chunk_out_of_range, [] { return ramp_of(2, 1); }},
    {"an overlap behind the chunk", status::chunk_out_of_range, [] { return ramp_of(1, 4); }},
    {"rate 0", status::chunk_out_of_range, [] { return ramp_of(1, 2, 0.0); }},
    {"rate -1", status::chunk_out_of_range, [] { return ramp_of(1, 2, -1.0); }},
    {"rate NaN", status::chunk_out_of_range, [] { return ramp_of(1, 2, static_cast<double>(not_a_number)); }},
    {"rate above 100", status::chunk_out_of_range, [] { return ramp_of(1, 2, 100.1); }},
    {"a ramp of a chunk of width 0", status::chunk_out_of_range,
     [] {
         return ddim::fill_ramp_gain({3, 0, 0}, 1, 2, 5.0, chunk_values);
     }},
    {"a ramp into nothing", status::values_null, [] { return ddim::fill_ramp_gain(small_chunk, 1, 2, 5.0, {}); }},
    {"a ramp into too few values", status::values_size_mismatch,
     [] { return ddim::fill_ramp_gain(small_chunk, 1, 2, 5.0, too_few); }},
    {"a ramp of rate 0, as a list", status::chunk_out_of_range,
     [] { return ddim::ramp_gain<3, 2>(1, 2, 0.0).state; }},

    // Makers of step weights
    {"step weights of no plan", status::plan_empty, [] { return step_weights_of({}); }},
    {"step weights of a plan without rows", status::plan_empty,
     [] {
         ddim::plan_view plan = flow_plan;
         plan.rows = nullptr;
         return step_weights_of(plan);
     }},
    {"step weights of a plan that was refused", status::eta_out_of_range,
     [] {
         ddim::plan_view plan = flow_plan;
         plan.state = status::eta_out_of_range;
         return step_weights_of(plan);
     }},
    {"a largest weight of 0", status::chunk_out_of_range, [] { return step_weights_of(flow_plan, 0.0); }},
    {"a largest weight of -1", status::chunk_out_of_range, [] { return step_weights_of(flow_plan, -1.0); }},
    {"a largest weight that is NaN", status::chunk_out_of_range,
     [] { return step_weights_of(flow_plan, static_cast<double>(not_a_number)); }},
    {"a largest weight above 10^6", status::chunk_out_of_range, [] { return step_weights_of(flow_plan, 1.1e6); }},
    {"step weights into nothing", status::values_null, [] { return ddim::fill_step_weights(flow_plan, 10.0, {}); }},
    {"step weights into too few values", status::values_size_mismatch,
     [] { return ddim::fill_step_weights(flow_plan, 10.0, too_few); }},
    {"step weights of fewer rows than values", status::values_size_mismatch,
     [] { return step_weights_of(ddim::last_steps(flow_plan, 5)); }},
    {"step weights of a schedule", status::levels_unsuitable,
     [] {
         const auto list = ddim::spaced_timesteps<6>(ddim::spacing::leading, 1000);
         const auto plan = ddim::ddim_plan<6>(ddim::schedule_levels(test_support::schedule, list));
         return step_weights_of(plan);
     }},
    {"step weights of a plan whose last level alone is above those of a flow", status::levels_unsuitable,
     [] {
         auto plan = flow_plan;
         plan.rows[5].from.alpha += 1e-5f;
         return step_weights_of(plan);
     }},
    {"step weights of a plan whose last level alone is below those of a flow", status::levels_unsuitable,
     [] {
         auto plan = flow_plan;
         plan.rows[5].from.alpha -= 1e-5f;
         return step_weights_of(plan);
     }},
    {"step weights of a level with less than no noise", status::levels_unsuitable,
     [] {
         auto plan = flow_plan;
         plan.rows[5].from = {1.25f, -0.25f};
         return step_weights_of(plan);
     }},
    {"step weights of a level with less than no sample", status::levels_unsuitable,
     [] {
         auto plan = flow_plan;
         plan.rows[5].from = {-0.25f, 1.25f};
         return step_weights_of(plan);
     }},
    {"step weights of another count than the plan's, as a list", status::values_size_mismatch,
     [] { return ddim::step_weights<5>(flow_plan).state; }},

    // Guidance scales
    {"other guidance scales before init", status::not_initialised,
     [] { return before_init([](scripted_run& run) { return run.sampler.set_guidance_scales(scales); }); }},
    {"other guidance scales where there is no list", status::guidance_scales_mismatch,
     [] { return before_begin([](scripted_run& run) { return run.sampler.set_guidance_scales(scales); }); }},
    {"one guidance scale where there is a list", status::guidance_scales_mismatch,
     [] { return with_scales([](scripted_run& run) { return run.sampler.set_guidance_scale(2.0f); }); }},
    {"other guidance scales inside the arena", status::buffers_overlap,
     [] {
         return with_scales([](scripted_run& run) {
             return run.sampler.set_guidance_scales({reinterpret_cast<const float*>(run.config.arena.data), 4});
         });
     }},
    {"guidance scales that are a part of x", status::buffers_overlap,
     [] {
         return with_scales([](scripted_run& run) {
             static float shared[10] = {1.0f, 2.0f, 2.0f, 1.0f};
             REQUIRE(run.sampler.set_guidance_scales({shared, 4}) == status::ok);
             return run.sampler.begin({shared, 10}, 7);
         });
     }},
    {"no guidance scales where there is a list", status::guidance_scales_mismatch,
     [] { return with_other_scales({}); }},
    {"null guidance scales with a size", status::guidance_scales_mismatch,
     [] {
         return with_other_scales({nullptr, 4});
     }},
    {"other guidance scales for 3 of 4 steps", status::guidance_scales_mismatch,
     [] {
         return with_other_scales({scales, 3});
     }},
    {"other guidance scales that guide a step more", status::guidance_scales_mismatch,
     [] {
         static const float more[] = {1.0f, 2.0f, 2.0f, 2.0f};
         return with_other_scales(more);
     }},
    {"other guidance scales that guide a step less", status::guidance_scales_mismatch,
     [] {
         static const float less[] = {1.0f, 1.0f, 2.0f, 1.0f};
         return with_other_scales(less);
     }},
    {"other guidance scales of which one is NaN", status::guidance_scale_not_finite,
     [] {
         static const float list[] = {1.0f, 2.0f, not_a_number, 1.0f};
         return with_other_scales(list);
     }},
    {"other guidance scales of which one is infinite", status::guidance_scale_not_finite,
     [] {
         static const float list[] = {1.0f, infinity, 2.0f, 1.0f};
         return with_other_scales(list);
     }},

    {"another plan that uses no x0, with a pull", status::x0_unused,
     [] {
         scripted_run run;
         lend_prefix(run.config);
         REQUIRE(run.init() == status::ok);
         return run.sampler.set_plan(test_support::x0_free_plan);
     }},

    // The noise of a step
    {"noise of a step before init", status::not_begun, [] { return before_init(set_good_noise); }},
    {"noise of a step before begin", status::not_begun, [] { return before_begin(set_good_noise); }},
    {"noise of a step after the last", status::not_begun, [] { return after_run(set_good_noise); }},
    {"noise of a step after a failure", status::not_begun, [] { return after_failure(set_good_noise); }},
    {"noise of a step of a run given up", status::not_begun, [] { return after_giving_up(set_good_noise); }},
    {"no noise for a step", status::noise_too_small,
     [] { return within_run([](scripted_run& run) { return set_noise(run, {}); }); }},
    {"null noise with a size for a step", status::noise_too_small,
     [] { return within_run([](scripted_run& run) {
              return set_noise(run, {nullptr, 10});
          }); }},
    {"noise of a step one value short", status::noise_too_small,
     [] { return within_run([](scripted_run& run) {
              return set_noise(run, {spare_values, 9});
          }); }},
    {"repeated noise of a step one value short", status::noise_too_small,
     [] {
         return within_run([](scripted_run& run) {
             run.config.repeat_noise = true;
             REQUIRE(run.init() == status::ok);
             REQUIRE(run.sampler.begin({run.x.data(), run.x.size()}, 7) == status::ok);
             return set_noise(run, {spare_values, 4});
         });
     }},
    {"noise of a step misaligned by 1", status::noise_misaligned,
     [] {
         return within_run([](scripted_run& run) {
             const float* values = spare_values;
             return set_noise(run, {test_support::off_by_one(values), 10});
         });
     }},
    {"noise of a step inside the arena", status::buffers_overlap,
     [] {
         return within_run([](scripted_run& run) {
             return set_noise(run, {reinterpret_cast<const float*>(run.config.arena.data), 10});
         });
     }},
    {"noise of a step that is x", status::buffers_overlap,
     [] { return within_run([](scripted_run& run) {
              return set_noise(run, {run.x.data(), 10});
          }); }},
    {"noise of a step that has its first value in x", status::buffers_overlap,
     [] {
         return within_run([](scripted_run& run) {
             static float shared[20];
             REQUIRE(run.sampler.begin({shared, 10}, 7) == status::ok);
             return set_noise(run, {shared + 9, 10});
         });
     }},

    // The input written anew
    {"an input before init", status::not_begun, [] { return before_init(renew); }},
    {"an input before begin", status::not_begun, [] { return before_begin(renew); }},
    {"an input after the last step", status::not_begun, [] { return after_run(renew); }},
    {"an input after a failure", status::not_begun, [] { return after_failure(renew); }},
    {"an input of a run given up", status::not_begun, [] { return after_giving_up(renew); }},
    {"an input that the backend cannot write", status::backend_failed,
     [] {
         scripted_run run;
         run.record.fails_in = 'p';
         run.record.fails_at = 1;
         run.record.code = 5;
         REQUIRE(run.init() == status::ok);
         REQUIRE(run.sampler.begin({run.x.data(), run.x.size()}, 7) == status::ok);
         return run.sampler.renew_input();
     }},
};

} // namespace

test_support::wrong_inputs test_support::wrong_chunk_inputs() {
    return {as_list(wrong_configs), as_list(lent_buffers), {}, as_list(wrong_uses)};
}

TEST_CASE("a wrong chunk, gain or list of scales: its own status, and nothing written") {
    test_support::check_configs(test_support::wrong_chunk_inputs().configs);
}

TEST_CASE("each buffer of a chunk: misaligned, short, empty, in the arena or in x, and good") {
    test_support::check_buffers(test_support::wrong_chunk_inputs().buffers);
}

TEST_CASE("a chunk's numbers, scales, step noise and inputs: every wrong use its own status") {
    test_support::check_uses(test_support::wrong_chunk_inputs().uses);
    for (const float value : chunk_values) CHECK(value == 0.0f);
}

TEST_CASE("what ends at the largest chunk that there is: one value more is refused") {
    const action_chunk largest{0x7FFFFFFF, 1, 1};
    CHECK(ddim::fill_prefix_mask(largest, 1, chunk_values) == status::values_size_mismatch);
    CHECK(ddim::fill_prefix_mask({1 << 16, 1 << 15, 1}, 1, chunk_values) == status::chunk_out_of_range);
    CHECK(ddim::fill_prefix_mask({0x7FFFFFFF, 0x7FFFFFFF, 1}, 1, chunk_values) == status::chunk_out_of_range);
}

TEST_CASE("noise of a step and a new input that are refused change nothing in the run") {
    scripted_run plain, bothered;
    REQUIRE(plain.init() == status::ok);
    REQUIRE(plain.run() == status::ok);
    REQUIRE(bothered.init() == status::ok);
    CHECK(set_good_noise(bothered) == status::not_begun);
    CHECK(renew(bothered) == status::not_begun);
    REQUIRE(bothered.sampler.begin({bothered.x.data(), bothered.x.size()}, 7) == status::ok);
    ddim::model_call call;
    while (bothered.sampler.next(call)) {
        CHECK(set_noise(bothered, {}) == status::noise_too_small);
        CHECK(set_noise(bothered, {bothered.x.data(), 10}) == status::buffers_overlap);
        REQUIRE(bothered.sampler.commit(script::model(&bothered.record, call)) == status::ok);
    }
    CHECK(set_good_noise(bothered) == status::not_begun);
    CHECK(renew(bothered) == status::not_begun);
    CHECK(bothered.x == plain.x);
    CHECK(bothered.record.events == plain.record.events);
}
