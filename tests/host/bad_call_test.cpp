// Every wrong call: its own status, nothing is written, and the next good call does its work.
#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "ddim/ddpm.hpp"
#include "ddim/intermediates.hpp"
#include "host/wrong_inputs.hpp"

namespace {

using ddim::status;
using test_support::before_begin;
using test_support::before_init;
using test_support::not_a_number;
using test_support::scripted_run;
using test_support::spare_values;
using test_support::two_slot_plan;
using test_support::within_run;
using test_support::wrong_state;
using test_support::wrong_use;
using test_support::x0_free_plan;

const wrong_state wrong_states[] = {
    {"null x", status::x_null, [](scripted_run&) { return ddim::span<float>{}; }},
    {"null x with a size", status::x_null,
     [](scripted_run&) {
         return ddim::span<float>{nullptr, 10};
     }},
    {"x one element short", status::x_too_small,
     [](scripted_run& run) {
         return ddim::span<float>{run.x.data(), 9};
     }},
    {"x of size 0", status::x_too_small,
     [](scripted_run& run) {
         return ddim::span<float>{run.x.data(), 0};
     }},
    {"x misaligned by 1", status::x_misaligned,
     [](scripted_run& run) {
         return ddim::span<float>{test_support::off_by_one(run.x.data()), 10};
     }},
    {"x inside the arena", status::buffers_overlap,
     [](scripted_run& run) {
         return ddim::span<float>{reinterpret_cast<float*>(run.config.arena.data), run.config.arena.size / 4};
     }},
};

constexpr auto valid_schedule = ddim::make_schedule(ddim::betas<10>());

/// A run that is told to fail at its first call of a kind.
status failing_run(char event) {
    scripted_run run;
    run.record.fails_in = event;
    run.record.fails_at = 0;
    run.record.code = 5;
    REQUIRE(run.init() == status::ok);
    return run.run();
}

status log_state(int steps, std::int64_t batch, std::int64_t elements, int log_every_t, ddim::span<float> x_inter,
                 ddim::span<float> pred_x0) {
    ddim::intermediate_log log;
    return log.init(steps, {batch, elements}, log_every_t, x_inter, pred_x0);
}

float log_memory[64];
const ddim::span<float> log_room = log_memory, one_short{log_memory, 59}, no_room, null_room{nullptr, 64};

const wrong_use wrong_uses[] = {
    // The order of calls
    {"run before init", status::not_initialised,
     [] { return before_init([](scripted_run& run) { return run.run(); }); }},
    {"commit before begin", status::not_begun,
     [] { return before_begin([](scripted_run& run) { return run.sampler.commit(); }); }},
    {"commit before next", status::no_call_pending,
     [] { return within_run([](scripted_run& run) { return run.sampler.commit(); }); }},
    {"commit after cancel", status::cancelled,
     [] {
         return within_run([](scripted_run& run) {
             REQUIRE(run.sampler.cancel() == status::cancelled);
             return run.sampler.commit();
         });
     }},
    {"begin_loaded before load", status::not_begun,
     [] { return before_begin([](scripted_run& run) { return run.sampler.begin_loaded(run.x); }); }},
    {"run without a model", status::model_missing,
     [] {
         scripted_run run;
         run.config.model = {};
         REQUIRE(run.init() == status::ok);
         return run.run();
     }},
    {"another plan of another length", status::plan_mismatch,
     [] {
         scripted_run run;
         run.config.initial = ddim::initial_state::given;
         REQUIRE(run.init() == status::ok);
         return run.sampler.set_plan(ddim::last_steps(test_support::short_plan, 3));
     }},
    {"another plan with more history than the arena has", status::plan_mismatch,
     [] { return before_begin([](scripted_run& run) { return run.sampler.set_plan(two_slot_plan); }); }},
    {"another plan that reads what no row has kept", status::history_missing,
     [] {
         return before_begin([](scripted_run& run) {
             auto plan = two_slot_plan;
             plan.rows[0].keeps = ddim::kept::nothing;
             return run.sampler.set_plan(plan);
         });
     }},
    {"another plan that uses no x0, with an x0 hook", status::x0_unused,
     [] {
         scripted_run run;
         run.config.x0_hook.function = [](void*, const ddim::hook_call&) noexcept { return 0; };
         test_support::guarded_arena arena(test_support::arena_bytes_of(run.config));
         run.config.arena = arena.view();
         REQUIRE(run.init() == status::ok);
         return run.sampler.set_plan(x0_free_plan);
     }},
    {"another guidance scale that is NaN", status::guidance_scale_not_finite,
     [] { return before_begin([](scripted_run& run) { return run.sampler.set_guidance_scale(not_a_number); }); }},

    // Who fails in a run: run_failure_test.cpp has every call
    {"a model that fails", status::model_failed, [] { return failing_run('m'); }},
    {"a backend that fails", status::backend_failed, [] { return failing_run('s'); }},
    {"an observer that stops", status::stopped, [] { return failing_run('o'); }},
    {"a hook that fails", status::hook_failed,
     [] {
         scripted_run run;
         run.config.score_corrector.function = [](void*, const ddim::hook_call&) noexcept { return 3; };
         REQUIRE(run.init() == status::ok); // it corrects the output where it lies
         return run.run();
     }},

    // The log of intermediates: 6 entries of 10 values for 5 steps
    {"a log of 0 steps", status::steps_out_of_range, [] { return log_state(0, 2, 5, 1, log_room, log_room); }},
    {"log_every_t 0", status::log_every_t_out_of_range, [] { return log_state(5, 2, 5, 0, log_room, log_room); }},
    {"log_every_t -1", status::log_every_t_out_of_range, [] { return log_state(5, 2, 5, -1, log_room, log_room); }},
    {"a log of batch 0", status::batch_out_of_range, [] { return log_state(5, 0, 5, 1, log_room, log_room); }},
    {"a log of 0 elements", status::elements_out_of_range, [] { return log_state(5, 2, 0, 1, log_room, log_room); }},
    {"a log whose shape overflows", status::shape_overflow,
     [] { return log_state(5, std::numeric_limits<std::int64_t>::max(), 5, 1, log_room, log_room); }},
    {"a log without x_inter", status::log_null, [] { return log_state(5, 2, 5, 1, no_room, log_room); }},
    {"a log without a copy function", status::log_null,
     [] {
         ddim::intermediate_log log;
         return log.init(5, {2, 5}, 5, {log_memory}, {log_memory}, nullptr);
     }},
    {"a log without pred_x0", status::log_null, [] { return log_state(5, 2, 5, 1, log_room, null_room); }},
    {"x_inter one value short", status::log_too_small, [] { return log_state(5, 2, 5, 1, one_short, log_room); }},
    {"pred_x0 one value short", status::log_too_small, [] { return log_state(5, 2, 5, 1, log_room, one_short); }},

    // DDPM functions: ddpm_test.cpp has the rest
    {"q_sample at timestep -1", status::timestep_out_of_range,
     [] { return ddim::q_sample(valid_schedule, -1, spare_values, spare_values, log_memory); }},
    {"q_sample at timestep T", status::timestep_out_of_range,
     [] { return ddim::q_sample(valid_schedule, 10, spare_values, spare_values, log_memory); }},
    {"q_sample of nothing", status::values_null,
     [] { return ddim::q_sample(valid_schedule, 5, {}, spare_values, log_memory); }},
    {"q_sample of two sizes", status::values_size_mismatch,
     [] {
         return ddim::q_sample(valid_schedule, 5, {spare_values, 3}, spare_values, log_memory);
     }},
    {"q_posterior_mean of a schedule without a table", status::values_null,
     [] {
         ddim::schedule_view schedule = valid_schedule;
         schedule.alphas_cumprod = nullptr;
         return ddim::q_posterior_mean(schedule, 5, spare_values, spare_values, log_memory);
     }},
};

} // namespace

test_support::wrong_inputs test_support::wrong_call_inputs() {
    return {{}, {}, as_list(wrong_states), as_list(wrong_uses)};
}

TEST_CASE("a wrong x: its own status, no call, no write, and the next run is good") {
    test_support::check_states(test_support::wrong_call_inputs().states);
}

TEST_CASE("a wrong x ends the run that is under way, and loads nothing") {
    scripted_run run(ddim::guidance::none, 1.0f, true);
    REQUIRE(run.init() == status::ok);
    REQUIRE(run.sampler.begin(run.x, 7) == status::ok);
    CHECK(run.sampler.begin({}, 8) == status::x_null);
    ddim::model_call call;
    CHECK_FALSE(run.sampler.next(call));
    CHECK(run.sampler.commit() == status::x_null);
    CHECK(run.record.events == "lp");
}

TEST_CASE("run without a model is refused, the pull form needs none") {
    scripted_run run;
    run.config.model = {};
    REQUIRE(run.init() == status::ok);
    CHECK(run.run() == status::model_missing);
    CHECK(run.record.events.empty());
    REQUIRE(run.sampler.begin({run.x.data(), run.x.size()}, 7) == status::ok);
    ddim::model_call call;
    CHECK(run.sampler.next(call));
}

TEST_CASE("every wrong call, log or argument of DDPM: its own status") {
    test_support::check_uses(test_support::wrong_call_inputs().uses);
    for (const float value : log_memory) CHECK(value == 0.0f);
}
