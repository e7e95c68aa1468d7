// A guidance scale for each step: where it is 1 the model is asked for the conditional rows only.
#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "ddim/host.hpp"
#include "host/curved_model.hpp"
#include "host/plain_loop.hpp"
#include "support/config.hpp"
#include "support/golden.hpp"
#include "support/run.hpp"
#include "support/scripted_backend.hpp"

namespace {

using ddim::branch;
using ddim::element_type;
using ddim::guidance;
using ddim::status;
using test_support::curved_model;
using test_support::run_config;
using test_support::scripted_run;
using test_support::storage;
using test_support::types;
using test_support::view;

constexpr guidance guided_modes[] = {guidance::batched, guidance::sequential};

constexpr auto& quiet_plan = test_support::quiet_plan<6>;
constexpr auto& noisy_plan = test_support::noisy_plan<6>;
constexpr auto& multistep_plan = test_support::multistep_plan<6>;

constexpr std::size_t batch = 2, elements = 150, values = batch * elements;

/// Begins late, pauses, ends; 0 and below are scales like others.
const std::vector<float> scales{1.0f, 2.5f, 0.0f, 1.0f, -0.5f, 1.0f};

ddim::sampler_config config_of(ddim::plan_view plan, guidance mode, element_type type) {
    ddim::sampler_config config = test_support::make_config(plan, {batch, elements}, {}, mode, type);
    config.initial = ddim::initial_state::given;
    return config;
}

std::vector<float> sample(ddim::sampler_config config) {
    curved_model model;
    config.model = model.ref();
    std::vector<float> x = golden::gauss(1, values);
    REQUIRE(run_config(config, x) == status::ok);
    return x;
}

bool is_one(float scale) { return scale == 1.0f; }

/// x of a scripted run of these scales that has never had others.
std::vector<float> fresh_state(guidance mode, const std::vector<float>& of_steps) {
    scripted_run run(mode);
    run.config.guidance_scales = view(of_steps);
    REQUIRE(run.init() == status::ok);
    REQUIRE(run.run() == status::ok);
    return run.x;
}

} // namespace

TEST_CASE("guidance in 10 of 50 steps: 60 of 100 halves if batched, 60 calls if sequential") {
    const auto plan = ddim::ddim_plan<50>(test_support::schedule);
    std::vector<float> of_steps(50, 1.0f);
    for (std::size_t k = 15; k < 25; ++k) of_steps[k] = 7.5f;
    for (const element_type type : types)
        for (const guidance mode : guided_modes) {
            ddim::sampler_config config = config_of(plan, mode, type);
            config.guidance_scales = view(of_steps);
            curved_model model;
            config.model = model.ref();
            std::vector<float> x(values);
            REQUIRE(run_config(config, x) == status::ok);
            std::int64_t rows = 0;
            for (const curved_model::noted_call& each : model.calls) {
                const bool is_guided = each.call.step >= 15 && each.call.step < 25;
                const bool is_batched = is_guided && mode == guidance::batched;
                REQUIRE(each.call.rows == static_cast<std::int64_t>(is_batched ? 2 * batch : batch));
                if (!is_guided) REQUIRE(each.call.which == branch::conditional);
                if (is_batched) REQUIRE(each.call.which == branch::both);
                rows += each.call.rows;
            }
            CHECK(rows == 60 * static_cast<std::int64_t>(batch));
            CHECK(model.calls.size() == (mode == guidance::batched ? 50 : 60));
        }
}

TEST_CASE("is_guided says of which steps both predictions are asked") {
    for (const guidance mode : guided_modes) {
        ddim::sampler_config config = config_of(quiet_plan, mode, element_type::float32);
        config.guidance_scale = 9.0f; // which the list replaces
        config.guidance_scales = view(scales);
        test_support::housed_sampler housed(config);
        for (int step = 0; step < 6; ++step)
            CHECK(housed.sampler.is_guided(step) == !is_one(scales[static_cast<std::size_t>(step)]));
    }
    test_support::housed_sampler without(config_of(quiet_plan, guidance::none, element_type::float32));
    for (int step = 0; step < 6; ++step) CHECK_FALSE(without.sampler.is_guided(step));
}

TEST_CASE("a run with a list: the bits of the plain loop, whatever else is in a step") {
    const std::vector<float> start = golden::gauss(1, values), x0 = golden::gauss(2, values);
    std::vector<float> mask(50), gain(50);
    for (std::size_t i = 0; i < 50; ++i) {
        mask[i] = static_cast<float>(i % 3) * 0.5f;
        gain[i] = static_cast<float>(i % 5) * 0.25f;
    }
    for (const ddim::plan_view plan :
         {ddim::plan_view(quiet_plan), ddim::plan_view(noisy_plan), ddim::plan_view(multistep_plan)})
        for (const element_type type : types)
            for (const guidance mode : guided_modes)
                for (int when = -1; when <= static_cast<int>(ddim::blend_time::at_start); ++when)
                    for (const bool corrects : {false, true}) {
                        ddim::sampler_config config = config_of(plan, mode, type);
                        config.guidance_scales = view(scales);
                        config.gain = view(gain);
                        if (when >= 0)
                            config.known = {view(mask), view(x0), static_cast<ddim::blend_time>(when),
                                            ddim::known_noise::none};
                        if (corrects)
                            config.score_corrector.function = [](void*, const ddim::hook_call& call) noexcept {
                                for (std::size_t i = 0; i < values; ++i) call.values[i] *= 0.875f;
                                return 0;
                            };
                        test_support::require_plain_bits(config, start);
                    }
}

TEST_CASE("a run with a list is its steps one by one, each a run with its scale") {
    for (const element_type type : types)
        for (const guidance mode : guided_modes) {
            ddim::sampler_config config = config_of(quiet_plan, mode, type);
            config.guidance_scales = view(scales);
            const std::vector<float> whole = sample(config);
            std::vector<float> x = golden::gauss(1, values);
            config.guidance_scales = {};
            for (int k = 0; k < 6; ++k) {
                config.plan.rows = quiet_plan.rows + k;
                config.plan.steps = 1;
                config.guidance_scale = scales[static_cast<std::size_t>(k)];
                curved_model model;
                config.model = model.ref();
                REQUIRE(run_config(config, x) == status::ok);
            }
            CHECK(whole == x);
        }
}

TEST_CASE("a list of equal scales is that scale, to the bit, and of ones no guidance") {
    for (const element_type type : types)
        for (const guidance mode : guided_modes)
            for (const float scale : {7.5f, 1.0f, 0.0f, -2.0f}) {
                ddim::sampler_config config = config_of(noisy_plan, mode, type);
                const std::vector<float> equal(6, scale);
                config.guidance_scales = view(equal);
                const std::vector<float> listed = sample(config);
                config.guidance_scales = {};
                config.guidance_scale = scale;
                CHECK(sample(config) == listed);
                if (is_one(scale)) CHECK(sample(config_of(noisy_plan, guidance::none, type)) == listed);
            }
}

TEST_CASE("every row of a call is told the timestep where guidance begins and ends") {
    const auto model = [](void*, const ddim::model_call& call) noexcept {
        for (std::int64_t row = 0; row < call.rows; ++row)
            if (call.row_timesteps[row] != call.timestep) return 1;
        curved_model notes;
        return curved_model::call(&notes, call);
    };
    for (const guidance mode : guided_modes) {
        ddim::sampler_config config = config_of(quiet_plan, mode, element_type::float32);
        config.guidance_scales = view(scales);
        config.model.function = model;
        std::vector<float> x(values);
        CHECK(run_config(config, x) == status::ok);
    }
}

TEST_CASE("hooks see the conditional output in the steps that are guided, and in no other") {
    struct notes {
        std::vector<bool> is_shown;
        static int note(void* context, const ddim::hook_call& call) noexcept {
            static_cast<notes*>(context)->is_shown.push_back(call.conditional != nullptr);
            return 0;
        }
    };
    for (const guidance mode : guided_modes) {
        notes of_score, of_x0;
        ddim::sampler_config config = config_of(quiet_plan, mode, element_type::float32);
        config.guidance_scales = view(scales);
        config.score_corrector = {&notes::note, &of_score};
        config.x0_hook = {&notes::note, &of_x0};
        sample(config);
        std::vector<bool> wanted;
        for (const float scale : scales) wanted.push_back(!is_one(scale));
        CHECK(of_score.is_shown == wanted);
        CHECK(of_x0.is_shown == wanted);
    }
}

TEST_CASE("a list in a pull-form run: inputs and halves step by step") {
    ddim::sampler_config config = config_of(quiet_plan, guidance::batched, element_type::float32);
    config.guidance_scales = view(scales);
    test_support::housed_sampler housed(config);
    std::vector<float> x = golden::gauss(1, values);
    REQUIRE(housed.sampler.begin(storage(x), 7) == status::ok);
    ddim::model_call call;
    curved_model model;
    while (housed.sampler.next(call)) {
        const float* input = static_cast<const float*>(call.input);
        for (std::int64_t row = 0; row < call.rows; row += batch)
            REQUIRE(std::memcmp(input + row * static_cast<std::int64_t>(elements), x.data(), values * 4) == 0);
        REQUIRE(housed.sampler.commit(curved_model::call(&model, call)) == status::ok);
    }
    CHECK(x == sample(config));
    CHECK(housed.arena.guards_are_intact());
}

TEST_CASE("set_guidance_scales: the next run is a fresh one, also where the plan is held") {
    const std::vector<float> first{1.0f, 2.0f, 3.0f, 1.0f}, second{1.0f, -4.0f, 0.5f, 1.0f};
    for (const guidance mode : guided_modes)
        for (const bool holds_plan : {false, true}) {
            scripted_run run(mode, 2.0f, holds_plan);
            run.config.guidance_scales = view(first);
            test_support::guarded_arena arena(test_support::arena_bytes_of(run.config));
            run.config.arena = arena.view();
            CHECK(run.sampler.set_guidance_scales(view(first)) == status::not_initialised);
            REQUIRE(run.init() == status::ok);
            for (const std::vector<float>& of_steps : {first, second, first}) {
                REQUIRE(run.sampler.set_guidance_scales(view(of_steps)) == status::ok);
                CHECK(run.sampler.config().guidance_scales.data == of_steps.data());
                CHECK(run.sampler.begin_loaded(storage(run.x)) == status::not_begun); // nothing is loaded any more
                CHECK(run.run() == status::ok);
                CHECK(run.x == fresh_state(mode, of_steps));
            }
            CHECK(arena.guards_are_intact());
        }
}

TEST_CASE("a backend that holds the plan gets the list, and each job points at its scale") {
    const std::vector<float> of_steps{1.0f, 2.0f, 3.0f, 1.0f};
    scripted_run run(guidance::batched, 2.0f, true);
    run.config.guidance_scales = view(of_steps);
    test_support::guarded_arena arena(test_support::arena_bytes_of(run.config));
    run.config.arena = arena.view();
    REQUIRE(run.init() == status::ok);
    REQUIRE(run.run() == status::ok);
    const ddim::load_job& load = run.record.loads.at(0);
    CHECK(load.guidance_scales == of_steps.data());
    const std::byte* held = reinterpret_cast<const std::byte*>(load.guidance_scales_target);
    CHECK(held == arena.view().data + run.sampler.layout().guidance_scales);
    for (std::size_t k = 0; k < 4; ++k) {
        const bool is_guided = k == 1 || k == 2;
        const ddim::step_job& job = run.record.steps[k];
        CHECK(job.guidance_scale == load.guidance_scales_target + k);
        CHECK((job.unconditional != nullptr) == is_guided);
        if (k < 3) CHECK(job.next.copies == (k < 2 ? 2 : 1));
    }
    CHECK(run.record.prepared.at(0).next.copies == 1);
}

TEST_CASE("a run under way is given up when the scales change, not when a change is refused") {
    const std::vector<float> of_steps{1.0f, 2.0f, 3.0f, 1.0f}, others{2.0f, 2.0f, 3.0f, 1.0f};
    for (const guidance mode : guided_modes) {
        scripted_run run(mode);
        run.config.guidance_scales = view(of_steps);
        REQUIRE(run.init() == status::ok);
        REQUIRE(run.sampler.begin(storage(run.x), 7) == status::ok);
        ddim::model_call call;
        REQUIRE(run.sampler.next(call));
        CHECK(run.sampler.set_guidance_scales(view(others)) == status::guidance_scales_mismatch);
        CHECK(run.sampler.set_guidance_scales({}) == status::guidance_scales_mismatch);
        CHECK(run.sampler.set_guidance_scale(5.0f) == status::guidance_scales_mismatch);
        CHECK(run.sampler.config().guidance_scales.data == of_steps.data());
        CHECK(run.sampler.commit(test_support::script::model(&run.record, call)) == status::ok);
        while (run.sampler.next(call))
            REQUIRE(run.sampler.commit(test_support::script::model(&run.record, call)) == status::ok);
        CHECK(run.x == fresh_state(mode, of_steps));

        REQUIRE(run.sampler.begin(storage(run.x), 7) == status::ok);
        REQUIRE(run.sampler.next(call));
        CHECK(run.sampler.set_guidance_scales(view(of_steps)) == status::ok);
        CHECK_FALSE(run.sampler.next(call));
        CHECK(run.sampler.commit() == status::not_begun);
        CHECK(run.run() == status::ok);
        CHECK(run.x == fresh_state(mode, of_steps));
    }
}

TEST_CASE("the list takes four bytes a step of the arena where the plan is held, else none") {
    for (const guidance mode : guided_modes)
        for (const bool holds_plan : {false, true}) {
            scripted_run run(mode, 2.0f, holds_plan);
            const std::size_t without = run.arena.view().size;
            const std::vector<float> of_steps(4, 2.0f);
            run.config.guidance_scales = view(of_steps);
            CHECK(test_support::arena_bytes_of(run.config) == without + (holds_plan ? ddim::arena_alignment : 0));
        }
}
