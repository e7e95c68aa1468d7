// The state hook: where it stands, that everything after it sees what it left, and how it ends a run.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "ddim/host.hpp"
#include "host/curved_model.hpp"
#include "host/plain_loop.hpp"
#include "support/config.hpp"
#include "support/golden.hpp"
#include "support/run.hpp"
#include "support/scripted_backend.hpp"

namespace {

using ddim::blend_time;
using ddim::element_type;
using ddim::guidance;
using ddim::hook_call;
using ddim::known_noise;
using ddim::status;
using test_support::curved_model;
using test_support::modes;
using test_support::run_config;
using test_support::script;
using test_support::scripted_run;
using test_support::short_plan;
using test_support::types;
using test_support::view;

constexpr std::size_t batch = 2, elements = 150, values = batch * elements;

ddim::sampler_config config_of(guidance mode, element_type type) {
    ddim::sampler_config config = test_support::make_config(short_plan, {batch, elements}, {}, mode, type);
    config.initial = ddim::initial_state::given;
    return config;
}

/// Octo's: the state is clipped.
int clip(void*, const hook_call& call) noexcept {
    for (std::int64_t i = 0; i < call.batch * call.elements; ++i)
        call.values[i] = std::fmax(-0.75f, std::fmin(0.75f, call.values[i]));
    return 0;
}

/// DPPO's: the last state is.
int clip_last(void* context, const hook_call& call) noexcept { return call.step == 3 ? clip(context, call) : 0; }

/// A scripted run with hooks: h is the state hook's letter, q the x0 hook's.
struct hooked_run {
    explicit hooked_run(guidance mode, bool hooks_x0 = false, bool blends = false) : run(mode) {
        static constexpr float mask[] = {1.0f, 0.0f, 0.5f, 0.0f, 1.0f}, known[10] = {};
        run.config.state_hook = {&hooked_run::note<'h'>, &run.record};
        if (hooks_x0) run.config.x0_hook = {&hooked_run::note<'q'>, &run.record};
        if (blends) run.config.known = test_support::known_by(ddim::compvis_inpainting(), mask, known);
    }

    template <char Letter>
    static int note(void* context, const hook_call&) noexcept {
        return static_cast<script*>(context)->answer(Letter);
    }

    std::string events() {
        test_support::guarded_arena arena(test_support::arena_bytes_of(run.config));
        run.config.arena = arena.view();
        REQUIRE(run.init() == status::ok);
        REQUIRE(run.run() == status::ok);
        return run.record.events;
    }

    scripted_run run;
};

/// A hook that notes what it is shown, and changes it or not.
struct hook_notes {
    std::vector<hook_call> calls;
    std::vector<std::vector<float>> shown;

    static int note(void* context, const hook_call& call) noexcept {
        hook_notes& self = *static_cast<hook_notes*>(context);
        self.shown.emplace_back(call.values, call.values + values);
        self.calls.push_back(call);
        for (std::size_t i = 0; i < values; ++i) call.values[i] += 0.25f;
        return 0;
    }

    ddim::hook_ref ref() { return {&hook_notes::note, this}; }
};

/// A hook that gives its own run up in step `at`, in one of the ways to do so.
struct quitter {
    ddim::sampler* sampler = nullptr;
    int at = 0, way = 0;

    static int quit(void* context, const hook_call& call) noexcept {
        const quitter& self = *static_cast<quitter*>(context);
        if (call.step != self.at) return 0;
        const ddim::sampler_config config = self.sampler->config();
        status given_up = status::ok;
        switch (self.way) {
        case 0: given_up = self.sampler->set_plan(config.plan); break;
        case 1: given_up = self.sampler->set_guidance_scale(1.0f); break;
        case 2: given_up = self.sampler->init(config); break;
        default: given_up = self.sampler->load(1); break;
        }
        return given_up == status::ok ? 0 : 100;
    }
};

} // namespace

TEST_CASE("the state hook's place: behind the step, before the observer and the next input") {
    // Where the model reads x itself nothing is left to write. Else a begin writes the input from what the hook left,
    // but after the last step.
    CHECK(hooked_run(guidance::none).events() == "pmshomshomshomsho");
    CHECK(hooked_run(guidance::sequential).events() == "pmmshommshommshommsho");
    CHECK(hooked_run(guidance::batched).events() == "pmshopmshopmshopmsho");
    CHECK(hooked_run(guidance::batched, true).events() == "pmsqshopmsqshopmsqshopmsqsho");
    CHECK(hooked_run(guidance::none, true).events() == "pmsqshomsqshomsqshomsqsho");
    // The blend before the model comes behind the hook, in that begin.
    for (const guidance mode : {guidance::none, guidance::batched})
        CHECK(hooked_run(mode, false, true).events() == "pmshopmshopmshopmsho");
    CHECK(hooked_run(guidance::sequential, false, true).events() == "pmmshopmmshopmmshopmmsho");
}

TEST_CASE("what the hook leaves is what the observer and the model see next, in every mode") {
    std::vector<float> mask(elements), x0 = golden::gauss(2, values);
    for (std::size_t i = 0; i < elements; ++i) mask[i] = static_cast<float>(i % 3) * 0.5f;
    for (const guidance mode : modes)
        for (const element_type type : types)
            for (int when = -1; when <= static_cast<int>(blend_time::at_start); ++when)
                for (const bool ends_exact : {false, true})
                    for (const ddim::hook_fn change : {&clip, &clip_last}) {
                        CAPTURE(static_cast<int>(mode));
                        CAPTURE(static_cast<int>(type));
                        CAPTURE(when);
                        ddim::sampler_config config = config_of(mode, type);
                        config.state_hook.function = change;
                        if (when >= 0)
                            config.known = {
                                view(mask), view(x0), static_cast<blend_time>(when), known_noise::none, false,
                                ends_exact, {}};
                        const std::vector<float> x =
                            test_support::require_plain_bits(config, golden::gauss(1, values));
                        const auto is_clipped = [](float value) { return std::fabs(value) <= 0.75f; };
                        CHECK(std::all_of(x.begin(), x.end(), is_clipped)); // also behind an exact end
                    }
}

TEST_CASE("the hook is shown the state after the step, and no output of the model") {
    for (const guidance mode : modes) {
        hook_notes notes;
        curved_model model;
        ddim::sampler_config config = config_of(mode, element_type::float16);
        config.model = model.ref();
        config.state_hook = notes.ref();
        const auto plain = test_support::run_plainly(config, golden::gauss(1, values));
        notes = {};
        std::vector<float> x = golden::gauss(1, values);
        REQUIRE(run_config(config, x) == status::ok);
        REQUIRE(notes.calls.size() == 4);
        for (int k = 0; k < 4; ++k) {
            const hook_call& call = notes.calls[static_cast<std::size_t>(k)];
            CHECK(call.values == x.data());
            CHECK(call.x == x.data());
            CHECK(call.conditional == nullptr);
            CHECK(call.batch == batch);
            CHECK(call.elements == elements);
            CHECK(call.step == k);
            CHECK(call.timestep == short_plan.rows[k].timestep);
            CHECK(call.timestep_index == static_cast<int>(short_plan.rows[k].timestep));
            std::vector<float> left = notes.shown[static_cast<std::size_t>(k)];
            for (float& value : left) value += 0.25f;
            CHECK(left == plain.states[static_cast<std::size_t>(k) + 1]);
        }
    }
}

TEST_CASE("the hook comes behind a blend after the step, and before one before the model") {
    const std::vector<float> everywhere(1, 1.0f), x0 = golden::gauss(2, values);
    for (const guidance mode : modes)
        for (const blend_time when : {blend_time::after_step, blend_time::before_model}) {
            hook_notes notes;
            curved_model model;
            ddim::sampler_config config = config_of(mode, element_type::float32);
            config.model = model.ref();
            config.state_hook = notes.ref();
            config.known = {view(everywhere), view(x0), when, known_noise::none};
            std::vector<float> x = golden::gauss(1, values);
            REQUIRE(run_config(config, x) == status::ok);
            for (const std::vector<float>& shown : notes.shown)
                CHECK((shown == x0) == (when == blend_time::after_step));
            std::vector<float> hooked = x0;
            for (float& value : hooked) value += 0.25f;
            // What the model sees from the second step on: the blend has the last word, or the hook.
            for (const curved_model::noted_call& each : model.calls) {
                const std::vector<float> input(each.input.begin(), each.input.begin() + values);
                if (each.call.step > 0) CHECK(input == (when == blend_time::after_step ? hooked : x0));
            }
        }
}

TEST_CASE("a hook that changes nothing keeps the bits, and no hook takes arena room") {
    std::vector<float> mask(elements), x0 = golden::gauss(2, values);
    for (std::size_t i = 0; i < elements; ++i) mask[i] = static_cast<float>(i % 3) * 0.5f;
    for (const guidance mode : modes)
        for (const element_type type : types)
            for (const known_noise noise : {known_noise::fresh, known_noise::same})
                for (const blend_time when : {blend_time::before_model, blend_time::after_step, blend_time::on_x0}) {
                    curved_model model;
                    ddim::sampler_config config = config_of(mode, type);
                    config.model = model.ref();
                    config.known = {view(mask), view(x0), when, noise};
                    std::vector<float> plain = golden::gauss(1, values), hooked = plain;
                    const std::size_t bytes = test_support::arena_bytes_of(config);
                    REQUIRE(run_config(config, plain) == status::ok);
                    config.state_hook.function = [](void*, const hook_call&) noexcept { return 0; };
                    REQUIRE(run_config(config, hooked) == status::ok);
                    CHECK(hooked == plain);
                    CHECK(test_support::arena_bytes_of(config) == bytes);
                }
}

TEST_CASE("a hook that gives the run up: not_begun, in the last step too, no call after it") {
    for (const guidance mode : modes)
        for (int k = 0; k < 4; ++k)
            for (int way = 0; way < 4; ++way) {
                CAPTURE(k);
                CAPTURE(way);
                scripted_run run(mode);
                quitter leaves{&run.sampler, k, way};
                run.config.state_hook = {&quitter::quit, &leaves};
                REQUIRE(run.init() == status::ok);
                CHECK(run.run() == status::not_begun);
                CHECK(run.record.observations.size() == static_cast<std::size_t>(k));
                CHECK(run.record.steps.size() == static_cast<std::size_t>(k) + 1);
                CHECK(run.record.events.back() == 's');
                CHECK(run.sampler.last_code() == 0);
                ddim::model_call call;
                CHECK_FALSE(run.sampler.next(call));
                leaves.at = -1;
                CHECK(run.run() == status::ok);
            }
}
