// What may change between runs of one sampler: the plan and the guidance scale; and backends that keep them in the
// arena.
#include "ddim/sampler.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "support/scripted_backend.hpp"

namespace {

using ddim::guidance;
using ddim::status;
using test_support::schedule;
using test_support::script;
using test_support::scripted_run;
using test_support::short_plan;
using test_support::trailing_levels;

constexpr auto& quiet_plan = test_support::quiet_plan<4>;
constexpr auto& shorter_plan = test_support::quiet_plan<2>;
constexpr auto& one_slot_plan = test_support::multistep_plan<4>;
constexpr auto two_slot_plan = ddim::unipc_plan<4>(trailing_levels<4>, {2});

ddim::span<float> view(std::vector<float>& x) { return {x.data(), x.size()}; }

/// x of a run of this plan and scale that has never had others.
std::vector<float> fresh_state(ddim::plan_view plan, guidance mode, float scale, std::uint64_t seed = 7) {
    scripted_run run(mode, scale);
    run.config.plan = plan;
    test_support::guarded_arena arena(test_support::arena_bytes_of(run.config));
    run.config.arena = arena.view();
    REQUIRE(run.init() == status::ok);
    REQUIRE(run.sampler.run(view(run.x), seed) == status::ok);
    return run.x;
}

/// Whether `bytes` at a pointer lie in the run's arena.
bool is_in_arena(scripted_run& run, const void* pointer, std::size_t bytes) {
    const std::byte* first = static_cast<const std::byte*>(pointer);
    const ddim::span<std::byte> arena = run.arena.view();
    return first >= arena.data && first + bytes <= arena.data + arena.size;
}

} // namespace

TEST_CASE("a backend that holds the plan gets it first, and its jobs point into the arena") {
    for (const guidance mode : {guidance::none, guidance::batched}) {
        scripted_run run(mode, 2.0f, true);
        REQUIRE(run.init() == status::ok);
        int stream = 0;
        REQUIRE(run.sampler.run(view(run.x), 7, &stream) == status::ok);
        CHECK(run.record.events == "lpmsomsomsomso");
        CHECK(run.x == fresh_state(short_plan, mode, 2.0f));
        CHECK(run.arena.guards_are_intact());
        const ddim::load_job& load = run.record.loads.at(0);
        CHECK(load.rows == short_plan.rows);
        CHECK(load.steps == 4);
        CHECK(load.values.seed == 7);
        CHECK(load.values.guidance_scale == (mode == guidance::none ? 1.0f : 2.0f));
        CHECK(load.guidance_scales == nullptr);
        CHECK(load.guidance_scales_target == nullptr);
        CHECK(load.stream == &stream);
        CHECK(is_in_arena(run, load.rows_target, 4 * sizeof(ddim::step_row)));
        CHECK(is_in_arena(run, load.values_target, sizeof(ddim::run_values)));
        for (std::size_t i = 0; i < 4; ++i) {
            const ddim::step_job& step = run.record.steps[i];
            CHECK(step.row == load.rows_target + i);
            CHECK(step.guidance_scale == &load.values_target->guidance_scale);
            CHECK(step.noise.values == load.values_target);
            CHECK(step.next.row == (i == 3 ? nullptr : load.rows_target + i + 1));
        }
        CHECK(run.record.prepared[0].to == &load.rows_target->from);
        CHECK(run.record.prepared[0].next.row == load.rows_target);
    }
}

TEST_CASE("the arena of a backend that holds the plan has room for it, and no less will do") {
    scripted_run run(guidance::none, 2.0f, true), other;
    CHECK(run.arena.view().size > other.arena.view().size);
    ddim::arena_extras extras;
    extras.holds_plan = true;
    CHECK(run.arena.view().size ==
          ddim::arena_bytes(short_plan, {2, 5}, guidance::none, ddim::element_type::float32, extras));
    run.config.arena.size -= 1;
    CHECK(run.init() == status::arena_too_small);
}

/// A whole run of what is loaded, by the model of the run's config.
static status run_in_parts(scripted_run& run, ddim::span<float> x) {
    status state = run.sampler.begin_loaded(x);
    ddim::model_call call;
    while (state == status::ok && run.sampler.next(call))
        state = run.sampler.commit(run.config.model.function(run.config.model.context, call));
    return state;
}

TEST_CASE("a run in two parts: loaded once, run as often as wished") {
    for (const bool holds_plan : {false, true}) {
        scripted_run run(guidance::batched, 2.0f, holds_plan);
        CHECK(run.sampler.load(7) == status::not_initialised);
        CHECK(run_in_parts(run, view(run.x)) == status::not_initialised);
        REQUIRE(run.init() == status::ok);
        CHECK(run_in_parts(run, view(run.x)) == status::not_begun);
        CHECK(run.sampler.load(7) == status::ok);
        CHECK(run.record.events == (holds_plan ? "l" : ""));
        CHECK(run_in_parts(run, {}) == status::x_null);
        for (int i = 0; i < 2; ++i) {
            run.x.assign(10, 0.5f);
            CHECK(run_in_parts(run, view(run.x)) == status::ok);
            CHECK(run.x == fresh_state(short_plan, guidance::batched, 2.0f));
        }
        CHECK(run.sampler.load(8) == status::ok);
        CHECK(run_in_parts(run, view(run.x)) == status::ok);
        CHECK(run.x == fresh_state(short_plan, guidance::batched, 2.0f, 8));
        CHECK(run.sampler.set_guidance_scale(3.0f) == status::ok);
        CHECK(run_in_parts(run, view(run.x)) == status::not_begun);
        CHECK(run.sampler.load(8) == status::ok);
        CHECK(run.sampler.set_plan(quiet_plan) == status::ok);
        CHECK(run_in_parts(run, view(run.x)) == status::not_begun);
        CHECK(run.sampler.load(8) == status::ok);
        CHECK(run_in_parts(run, view(run.x)) == status::ok);
        CHECK(run.x == fresh_state(quiet_plan, guidance::batched, 3.0f, 8));
    }
}

TEST_CASE("a failed run is forgotten by the next load") {
    scripted_run run;
    run.config.model = {};
    REQUIRE(run.init() == status::ok);
    ddim::model_call call;
    REQUIRE(run.sampler.begin(view(run.x), 7) == status::ok);
    REQUIRE(run.sampler.next(call));
    CHECK(run.sampler.commit(42) == status::model_failed);
    REQUIRE(run.sampler.load(7) == status::ok);
    CHECK(run.sampler.last_code() == 0); // the failed run is forgotten
}

TEST_CASE("a failed run is forgotten by the next one of what is loaded") {
    scripted_run run;
    run.config.model = {};
    REQUIRE(run.init() == status::ok);
    REQUIRE(run.sampler.load(7) == status::ok);
    REQUIRE(run.sampler.begin_loaded(view(run.x)) == status::ok);
    ddim::model_call call;
    REQUIRE(run.sampler.next(call));
    CHECK(run.sampler.commit(42) == status::model_failed);
    REQUIRE(run.sampler.begin_loaded(view(run.x)) == status::ok);
    CHECK(run.sampler.last_code() == 0);
}

TEST_CASE("a sampler whose new config is refused is as if new") {
    scripted_run run;
    REQUIRE(run.init() == status::ok);
    ddim::sampler_config config = run.config;
    config.dims.batch = 0;
    CHECK(run.sampler.init(config) == status::batch_out_of_range);
    CHECK(run.sampler.config().plan.rows == nullptr);
    CHECK(run.sampler.layout().bytes == 0);
}

TEST_CASE("set_plan: the next run is a fresh one of that plan") {
    for (const bool holds_plan : {false, true}) {
        for (const guidance mode : test_support::modes) {
            scripted_run run(mode, 2.0f, holds_plan);
            REQUIRE(run.init() == status::ok);
            REQUIRE(run.run() == status::ok);
            CHECK(run.sampler.set_plan(quiet_plan) == status::ok);
            CHECK(run.sampler.config().plan.rows == quiet_plan.rows);
            CHECK(run.run() == status::ok);
            CHECK(run.x == fresh_state(quiet_plan, mode, 2.0f));
            CHECK(run.sampler.set_plan(short_plan) == status::ok);
            CHECK(run.run() == status::ok);
            CHECK(run.x == fresh_state(short_plan, mode, 2.0f));
            CHECK(run.arena.guards_are_intact());
        }
    }
}

TEST_CASE("set_plan refuses what a run could trip over, and changes nothing then") {
    scripted_run run;
    CHECK(run.sampler.set_plan(short_plan) == status::not_initialised);
    REQUIRE(run.init() == status::ok);
    auto not_finite = short_plan;
    not_finite.rows[3].u_0 = std::numeric_limits<float>::quiet_NaN();
    auto failed = short_plan;
    failed.state = status::eta_out_of_range;
    auto cut = one_slot_plan;
    cut.rows[0].keeps = ddim::kept::nothing; // which its second row reads
    ddim::plan_view endless = short_plan;
    endless.start_scale = std::numeric_limits<float>::infinity();
    CHECK(run.sampler.set_plan(not_finite) == status::plan_not_finite);
    CHECK(run.sampler.set_plan(failed) == status::eta_out_of_range);
    CHECK(run.sampler.set_plan({}) == status::plan_empty);
    CHECK(run.sampler.set_plan(shorter_plan) == status::plan_mismatch);
    CHECK(run.sampler.set_plan(one_slot_plan) == status::plan_mismatch); // the arena has no history
    CHECK(run.sampler.set_plan(cut) == status::history_missing);
    CHECK(run.sampler.set_plan(endless) == status::plan_not_finite);
    CHECK(run.sampler.config().plan.rows == short_plan.rows);
    CHECK(run.run() == status::ok);
    CHECK(run.x == fresh_state(short_plan, guidance::none, 2.0f));
}

TEST_CASE("set_plan: a plan with as much history as the arena has, or less, and back") {
    for (const bool holds_plan : {false, true}) {
        for (const guidance mode : {guidance::none, guidance::batched}) {
            scripted_run reserved(mode, 2.0f, holds_plan), planned(mode, 2.0f, holds_plan);
            reserved.config.history_slots = 1;
            planned.config.plan = one_slot_plan;
            for (scripted_run* run : {&reserved, &planned}) {
                CHECK(run->init() == status::arena_too_small); // it was made for a plan without
                test_support::guarded_arena arena(test_support::arena_bytes_of(run->config));
                run->config.arena = arena.view();
                REQUIRE(run->init() == status::ok);
                CHECK(run->sampler.layout().history_slots == 1);
                for (int i = 0; i < 2; ++i) {
                    CHECK(run->sampler.set_plan(one_slot_plan) == status::ok);
                    CHECK(run->run() == status::ok);
                    CHECK(run->x == fresh_state(one_slot_plan, mode, 2.0f));
                    CHECK(run->sampler.set_plan(two_slot_plan) == status::plan_mismatch);
                    CHECK(run->sampler.set_plan(short_plan) == status::ok);
                    CHECK(run->run() == status::ok);
                    CHECK(run->x == fresh_state(short_plan, mode, 2.0f));
                }
                CHECK(arena.guards_are_intact());
            }
        }
    }
}

TEST_CASE("set_plan: a start scale of the plan's own is loaded with it") {
    ddim::plan<4> scaled = short_plan;
    scaled.start_scale = 3.0f;
    for (const bool holds_plan : {false, true}) {
        scripted_run run(guidance::none, 2.0f, holds_plan);
        REQUIRE(run.init() == status::ok);
        CHECK(run.sampler.set_plan(scaled) == status::ok);
        CHECK(run.run() == status::ok);
        CHECK(run.record.prepared.back().noise.values->start_scale == 3.0f);
        const std::vector<float> far = run.x;
        CHECK(run.sampler.set_plan(short_plan) == status::ok);
        CHECK(run.run() == status::ok);
        CHECK(run.record.prepared.back().noise.values->start_scale == 1.0f);
        CHECK(run.x == fresh_state(short_plan, guidance::none, 2.0f));
        CHECK(run.x != far);
    }
}

TEST_CASE("set_plan refuses a plan that uses no x0 where an x0 hook would change it") {
    const auto levels = trailing_levels<4>;
    const auto plms = ddim::pndm_plan<5>(levels);
    REQUIRE(plms.steps == 5);
    scripted_run run;
    const auto list = ddim::spaced_timesteps<5>(ddim::spacing::leading, 1000);
    const auto ddim_of_five = ddim::ddim_plan<5>(ddim::schedule_levels(schedule, list));
    run.config.plan = ddim_of_five;
    run.config.history_slots = 3;
    run.config.x0_hook.function = [](void*, const ddim::hook_call&) noexcept { return 0; };
    test_support::guarded_arena arena(test_support::arena_bytes_of(run.config));
    run.config.arena = arena.view();
    REQUIRE(run.init() == status::ok);
    CHECK(run.sampler.set_plan(plms) == status::x0_unused);
    CHECK(run.run() == status::ok);
    run.config.x0_hook = {};
    REQUIRE(run.init() == status::ok);
    CHECK(run.sampler.set_plan(plms) == status::ok);
    CHECK(run.run() == status::ok);
}

TEST_CASE("set_guidance_scale: the next run is a fresh one at that scale, to 1 and back too") {
    for (const guidance mode : {guidance::batched, guidance::sequential}) {
        for (const bool holds_plan : {false, true}) {
            scripted_run run(mode, 2.0f, holds_plan);
            CHECK(run.sampler.set_guidance_scale(2.0f) == status::not_initialised);
            REQUIRE(run.init() == status::ok);
            for (const float scale : {-1.5f, 1.0f, 0.0f, 7.5f}) {
                CHECK(run.sampler.set_guidance_scale(scale) == status::ok);
                CHECK(run.sampler.config().guidance_scale == scale);
                const bool is_guided = scale < 1.0f || scale > 1.0f;
                for (int step = 0; step < 4; ++step) CHECK(run.sampler.is_guided(step) == is_guided);
                const std::size_t calls = run.record.calls.size();
                CHECK(run.run() == status::ok);
                CHECK(run.record.calls.size() - calls == (is_guided && mode == guidance::sequential ? 8 : 4));
                CHECK(run.x == fresh_state(short_plan, mode, scale));
            }
            CHECK(run.arena.guards_are_intact());
        }
    }
}

TEST_CASE("set_guidance_scale refuses what is not finite, and changes nothing then") {
    scripted_run run(guidance::batched);
    REQUIRE(run.init() == status::ok);
    for (const float scale : {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(),
                              std::numeric_limits<float>::quiet_NaN()})
        CHECK(run.sampler.set_guidance_scale(scale) == status::guidance_scale_not_finite);
    CHECK(run.sampler.config().guidance_scale == 2.0f);
    CHECK(run.run() == status::ok);
    CHECK(run.x == fresh_state(short_plan, guidance::batched, 2.0f));
}

TEST_CASE("a run under way is given up when plan or scale change, not when that is refused") {
    for (const guidance mode : {guidance::batched, guidance::sequential}) {
        for (const bool changes_plan : {false, true}) {
            scripted_run run(mode);
            REQUIRE(run.init() == status::ok);
            REQUIRE(run.sampler.begin(view(run.x), 7) == status::ok);
            ddim::model_call call;
            REQUIRE(run.sampler.next(call));
            CHECK(run.sampler.set_plan(shorter_plan) == status::plan_mismatch);
            CHECK(run.sampler.set_guidance_scale(std::numeric_limits<float>::infinity()) ==
                  status::guidance_scale_not_finite);
            REQUIRE(run.sampler.commit(script::model(&run.record, call)) == status::ok);
            REQUIRE(run.sampler.next(call));
            const status changed =
                changes_plan ? run.sampler.set_plan(quiet_plan) : run.sampler.set_guidance_scale(1.0f);
            CHECK(changed == status::ok);
            CHECK(run.sampler.commit() == status::not_begun);
            CHECK_FALSE(run.sampler.next(call));
            CHECK(run.run() == status::ok);
            CHECK(run.x ==
                  (changes_plan ? fresh_state(quiet_plan, mode, 2.0f) : fresh_state(short_plan, mode, 1.0f)));
        }
    }
}

TEST_CASE("a backend that cannot work is found by init, last of all, with its code") {
    struct question {
        const void* arena = nullptr;
        int asked = 0;
        int answer = 0;
        static int check(void* context, const void* arena) noexcept {
            question& self = *static_cast<question*>(context);
            self.arena = arena;
            ++self.asked;
            return self.answer;
        }
    } asked;
    scripted_run run;
    run.config.backend.check = &question::check;
    run.config.backend.context = &asked;
    ddim::sampler_config bad = run.config;
    bad.dims.batch = 0;
    CHECK(run.sampler.init(bad) == status::batch_out_of_range);
    CHECK(asked.asked == 0);
    asked.answer = 35;
    CHECK(run.init() == status::backend_unavailable);
    CHECK(run.sampler.last_code() == 35);
    CHECK(asked.arena == run.config.arena.data);
    CHECK(run.run() == status::not_initialised);
    CHECK(run.arena.is_untouched());
    asked.answer = 0;
    CHECK(run.init() == status::ok);
    CHECK(run.sampler.last_code() == 0);
    CHECK(asked.asked == 2);
}

TEST_CASE("a run that a hook or an observer gives up says so, but not after the last step") {
    struct changer {
        ddim::sampler* sampler;
        int at;
        static int observe(void* context, const ddim::observation& seen) noexcept {
            const changer& self = *static_cast<const changer*>(context);
            if (seen.step != self.at) return 0;
            return self.sampler->set_guidance_scale(1.0f) == ddim::status::ok ? 0 : 1;
        }
        static int hook(void* context, const ddim::hook_call& call) noexcept {
            const changer& self = *static_cast<const changer*>(context);
            if (call.step != self.at) return 0;
            return self.sampler->set_guidance_scale(1.0f) == ddim::status::ok ? 0 : 1;
        }
    };
    for (const int at : {0, 2, 3}) {
        CAPTURE(at);
        test_support::scripted_run watched;
        changer change{&watched.sampler, at};
        watched.config.observer = {&changer::observe, &change};
        REQUIRE(watched.init() == ddim::status::ok);
        CHECK(watched.run() == (at == 3 ? ddim::status::ok : ddim::status::not_begun));

        test_support::scripted_run hooked;
        change.sampler = &hooked.sampler;
        hooked.config.score_corrector = {&changer::hook, &change};
        REQUIRE(hooked.init() == ddim::status::ok);
        CHECK(hooked.run() == ddim::status::not_begun);
        change.at = -1;
        CHECK(hooked.run() == ddim::status::ok);
    }
}

TEST_CASE("a sampler may be initialised anew with its own config") {
    test_support::scripted_run run;
    REQUIRE(run.init() == ddim::status::ok);
    REQUIRE(run.run() == ddim::status::ok);
    const std::vector<float> first = run.x;
    CHECK(run.sampler.init(run.sampler.config()) == ddim::status::ok);
    CHECK(run.run() == ddim::status::ok);
    CHECK(run.x == first);
}
