// The loop: what is called, in which order, with what; the pull form.
#include "ddim/sampler.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "support/scripted_backend.hpp"

namespace {

using ddim::branch;
using ddim::guidance;
using ddim::status;
using test_support::script;
using test_support::scripted_run;
using test_support::short_plan;

/// x of a run without failure that stops after `steps` steps.
std::vector<float> state_after(guidance mode, int steps) {
    scripted_run run(mode);
    REQUIRE(run.init() == status::ok);
    REQUIRE(run.sampler.begin({run.x.data(), run.x.size()}, 7) == status::ok);
    ddim::model_call call;
    while (run.sampler.steps_done() < steps && run.sampler.next(call))
        REQUIRE(run.sampler.commit(script::model(&run.record, call)) == status::ok);
    return run.x;
}

const float* as_floats(const void* pointer) { return static_cast<const float*>(pointer); }

} // namespace

TEST_CASE("without guidance: begin, then model, step, observer for each row, nothing else") {
    scripted_run run;
    REQUIRE(run.init() == status::ok);
    CHECK(run.record.events.empty());
    REQUIRE(run.run() == status::ok);
    CHECK(run.record.events == "pmsomsomsomso");
    CHECK(run.sampler.steps_done() == 4);
    CHECK(run.sampler.last_code() == 0);
    CHECK(run.arena.guards_are_intact());
    for (int i = 0; i < 4; ++i) {
        const ddim::model_call& call = run.record.calls[static_cast<std::size_t>(i)];
        CHECK(call.input == run.x.data()); // float32, no second half, no scale: no copy
        CHECK(call.rows == 2);
        CHECK(call.elements == 5);
        CHECK(call.step == i);
        CHECK(call.timestep == short_plan.rows[i].timestep);
        CHECK(call.timestep_index == static_cast<int>(short_plan.rows[i].timestep));
        CHECK(call.which == branch::conditional);
        const ddim::observation& seen = run.record.observations[static_cast<std::size_t>(i)];
        CHECK(seen.step == i);
        CHECK(seen.steps == 4);
        CHECK(seen.batch == 2);
        CHECK(seen.elements == 5);
        CHECK(seen.timestep == short_plan.rows[i].timestep);
        CHECK(seen.x == run.x.data());
        CHECK(seen.x0 == nullptr);
    }
}

TEST_CASE("batched guidance: one call on twice the rows, both halves the state") {
    scripted_run run(guidance::batched);
    REQUIRE(run.init() == status::ok);
    REQUIRE(run.sampler.begin({run.x.data(), run.x.size()}, 7) == status::ok);
    ddim::model_call call;
    int calls = 0;
    while (run.sampler.next(call)) {
        ++calls;
        CHECK(call.which == branch::both);
        CHECK(call.rows == 4);
        for (std::size_t i = 0; i < 10; ++i) {
            CHECK(as_floats(call.input)[i] == run.x[i]);
            CHECK(as_floats(call.input)[10 + i] == run.x[i]);
        }
        for (int row = 0; row < 4; ++row) CHECK(call.row_timesteps[row] == call.timestep);
        REQUIRE(run.sampler.commit(script::model(&run.record, call)) == status::ok);
    }
    CHECK(calls == 4);
    CHECK(run.arena.guards_are_intact());
}

TEST_CASE("sequential guidance: unconditional, then conditional, into two outputs") {
    scripted_run run(guidance::sequential);
    REQUIRE(run.init() == status::ok);
    REQUIRE(run.run() == status::ok);
    CHECK(run.record.events == "pmmsommsommsommso");
    for (std::size_t i = 0; i < 8; ++i) {
        const ddim::model_call& call = run.record.calls[i];
        CHECK(call.which == (i % 2 == 0 ? branch::unconditional : branch::conditional));
        CHECK(call.rows == 2);
        CHECK(call.step == static_cast<int>(i / 2));
        if (i % 2 == 1) CHECK(call.output != run.record.calls[i - 1].output);
    }
    CHECK(run.arena.guards_are_intact());
}

TEST_CASE("guidance scale 1 asks for conditional rows only, 0 and negative ones for both") {
    for (const guidance mode : {guidance::batched, guidance::sequential}) {
        scripted_run at_one(mode, 1.0f);
        REQUIRE(at_one.init() == status::ok);
        REQUIRE(at_one.run() == status::ok);
        CHECK(at_one.record.events == "pmsomsomsomso");
        for (const ddim::model_call& call : at_one.record.calls) {
            CHECK(call.which == branch::conditional);
            CHECK(call.rows == 2);
        }
        scripted_run plain;
        REQUIRE(plain.init() == status::ok);
        REQUIRE(plain.run() == status::ok);
        CHECK(at_one.x == plain.x);
        for (const float scale : {0.0f, -1.5f}) {
            scripted_run guided(mode, scale);
            REQUIRE(guided.init() == status::ok);
            REQUIRE(guided.run() == status::ok);
            CHECK(guided.record.calls.size() == (mode == guidance::batched ? 4 : 8));
            CHECK(guided.x != plain.x);
        }
    }
}

TEST_CASE("calls out of order are refused and change nothing") {
    scripted_run run;
    ddim::model_call call;
    CHECK(run.run() == status::not_initialised);
    CHECK(run.sampler.begin({run.x.data(), run.x.size()}, 7) == status::not_initialised);
    CHECK_FALSE(run.sampler.next(call));
    CHECK(run.sampler.commit() == status::not_initialised);
    REQUIRE(run.init() == status::ok);
    CHECK_FALSE(run.sampler.next(call));
    CHECK(run.sampler.commit() == status::not_begun);
    REQUIRE(run.sampler.begin({run.x.data(), run.x.size()}, 7) == status::ok);
    CHECK(run.sampler.commit() == status::no_call_pending);
    REQUIRE(run.sampler.next(call));
    ddim::model_call again;
    REQUIRE(run.sampler.next(again)); // the same call, until it is committed
    CHECK(again.step == call.step);
    CHECK(again.output == call.output);
    REQUIRE(run.sampler.commit(script::model(&run.record, call)) == status::ok);
    CHECK(run.sampler.commit() == status::no_call_pending);
    while (run.sampler.next(call)) REQUIRE(run.sampler.commit(script::model(&run.record, call)) == status::ok);
    CHECK(run.sampler.commit() == status::not_begun);
    CHECK(run.x == state_after(guidance::none, 4));
}

TEST_CASE("a new init, also a failed one, forgets the old run") {
    scripted_run run;
    REQUIRE(run.init() == status::ok);
    REQUIRE(run.sampler.begin({run.x.data(), run.x.size()}, 7) == status::ok);
    ddim::sampler_config bad = run.config;
    bad.dims.batch = 0;
    CHECK(run.sampler.layout().bytes == run.arena.view().size);
    CHECK(run.sampler.init(bad) == status::batch_out_of_range);
    CHECK(run.sampler.layout().bytes == 0);
    ddim::model_call call;
    CHECK_FALSE(run.sampler.next(call));
    CHECK(run.run() == status::not_initialised);
    REQUIRE(run.init() == status::ok);
    CHECK(run.run() == status::ok);
}

TEST_CASE("x_T given is read, drawn is not") {
    scripted_run drawn;
    REQUIRE(drawn.init() == status::ok);
    drawn.x.assign(10, 1e30f);
    REQUIRE(drawn.run() == status::ok);
    CHECK(drawn.x == state_after(guidance::none, 4));

    scripted_run given;
    given.config.initial = ddim::initial_state::given;
    REQUIRE(given.init() == status::ok);
    REQUIRE(given.run() == status::ok);
    CHECK(given.x != drawn.x);
    CHECK(given.record.prepared[0].initial == ddim::initial_state::given);
}

TEST_CASE("step noise handed in equals step noise drawn, when the numbers are the same") {
    scripted_run drawn;
    REQUIRE(drawn.init() == status::ok);
    REQUIRE(drawn.run() == status::ok);
    std::vector<float> noise;
    for (std::uint32_t step = 0; step < 4; ++step)
        for (std::uint32_t sample = 0; sample < 2; ++sample)
            for (std::uint32_t i = 0; i < 5; ++i)
                noise.push_back(ddim::normals_at(7, i / 4, sample, step, ddim::noise_purpose::step).value[i % 4]);
    scripted_run given;
    given.config.step_noise = {noise.data(), noise.size()};
    REQUIRE(given.init() == status::ok);
    REQUIRE(given.run() == status::ok);
    CHECK(given.x == drawn.x);
}

TEST_CASE("the stream and keeps_x0 reach everyone they concern") {
    int stream = 0;
    scripted_run run;
    run.config.keeps_x0 = true;
    test_support::guarded_arena arena(test_support::arena_bytes_of(run.config));
    run.config.arena = arena.view();
    REQUIRE(run.init() == status::ok);
    REQUIRE(run.sampler.run({run.x.data(), run.x.size()}, 7, &stream) == status::ok);
    CHECK(run.record.prepared[0].stream == &stream);
    for (std::size_t i = 0; i < 4; ++i) {
        CHECK(run.record.calls[i].stream == &stream);
        CHECK(run.record.steps[i].stream == &stream);
        CHECK(run.record.observations[i].stream == &stream);
        CHECK(run.record.observations[i].x0 != nullptr);
    }
    CHECK(arena.guards_are_intact());
    CHECK(run.x == state_after(guidance::none, 4));
}

TEST_CASE("two samplers at once do not disturb each other") {
    scripted_run first, second;
    REQUIRE(first.init() == status::ok);
    REQUIRE(second.init() == status::ok);
    REQUIRE(first.sampler.begin({first.x.data(), 10}, 7) == status::ok);
    REQUIRE(second.sampler.begin({second.x.data(), 10}, 7) == status::ok);
    ddim::model_call a, b;
    while (first.sampler.next(a) && second.sampler.next(b)) {
        REQUIRE(first.sampler.commit(script::model(&first.record, a)) == status::ok);
        REQUIRE(second.sampler.commit(script::model(&second.record, b)) == status::ok);
    }
    CHECK(first.x == second.x);
    CHECK(first.x == state_after(guidance::none, 4));
}
