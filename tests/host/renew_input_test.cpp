// renew_input(): a caller of begin, next and commit changes x between them, and the model sees it.
#include <doctest/doctest.h>

#include <cstddef>
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

using ddim::blend_time;
using ddim::element_type;
using ddim::guidance;
using ddim::status;
using test_support::curved_model;
using test_support::housed_sampler;
using test_support::modes;
using test_support::short_plan;
using test_support::storage;
using test_support::types;
using test_support::view;

constexpr std::size_t batch = 2, elements = 150, values = batch * elements;

ddim::sampler_config config_of(guidance mode, element_type type) {
    ddim::sampler_config config = test_support::make_config(short_plan, {batch, elements}, {}, mode, type);
    config.initial = ddim::initial_state::given;
    return config;
}

/// Calls check(config) for every guidance and type, and for a list of scales.
template <class Check>
void for_each_config(Check&& check) {
    static const float scales[] = {1.0f, 2.0f, 1.0f, 0.5f};
    for (const guidance mode : modes)
        for (const element_type type : types)
            for (const bool lists : {false, true}) {
                if (lists && mode == guidance::none) continue;
                CAPTURE(static_cast<int>(mode));
                CAPTURE(static_cast<int>(type));
                CAPTURE(lists);
                ddim::sampler_config config = config_of(mode, type);
                if (lists) config.guidance_scales = scales;
                check(config);
            }
}

void change(float* x) {
    for (std::size_t i = 0; i < values; ++i) x[i] = 0.5f * x[i] + 0.125f;
}

int change_hook(void*, const ddim::hook_call& call) noexcept {
    change(call.values);
    return 0;
}

/// Whether every half of a call's input is x in its type, and every row is told the timestep.
bool sees(const ddim::model_call& call, const std::vector<float>& x) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(call.rows * call.elements); ++i) {
        const float input = test_support::read_element(call.input, call.type, i);
        if (input != test_support::rounded_to(call.type, x[i % values])) return false;
    }
    for (std::int64_t row = 0; row < call.rows; ++row)
        if (call.row_timesteps[row] != call.timestep) return false;
    return true;
}

} // namespace

TEST_CASE("x changed between commit and next: the model sees it, as with a state hook") {
    for_each_config([](ddim::sampler_config config) {
        curved_model model;
        config.model = model.ref();
        std::vector<float> hooked = golden::gauss(1, values), x = hooked;
        config.state_hook.function = &change_hook;
        REQUIRE(test_support::run_config(config, hooked) == status::ok);

        config.state_hook = {};
        housed_sampler housed(config);
        REQUIRE(housed.sampler.begin(storage(x), 7) == status::ok);
        ddim::model_call call;
        int done = 0;
        while (housed.sampler.next(call)) {
            REQUIRE(sees(call, x));
            REQUIRE(housed.sampler.commit(curved_model::call(&model, call)) == status::ok);
            if (housed.sampler.steps_done() == done) continue; // between the two calls of a step
            done = housed.sampler.steps_done();
            change(x.data());
            REQUIRE(housed.sampler.renew_input() == (done < 4 ? status::ok : status::not_begun));
        }
        CHECK(x == hooked);
        CHECK(housed.arena.guards_are_intact());
    });
}

TEST_CASE("x changed after begin is where the run starts, whether a call is pending or not") {
    for_each_config([](ddim::sampler_config config) {
        curved_model model;
        config.model = model.ref();
        std::vector<float> changed = golden::gauss(1, values);
        change(changed.data());
        std::vector<float> want = changed;
        REQUIRE(test_support::run_config(config, want) == status::ok);
        for (const bool is_pending : {false, true}) {
            std::vector<float> x = golden::gauss(1, values);
            housed_sampler housed(config);
            ddim::model_call call;
            REQUIRE(housed.sampler.begin(storage(x), 7) == status::ok);
            if (is_pending) REQUIRE(housed.sampler.next(call));
            change(x.data());
            REQUIRE(housed.sampler.renew_input() == status::ok);
            REQUIRE(housed.sampler.renew_input() == status::ok); // once more does nothing more
            while (housed.sampler.next(call))
                REQUIRE(housed.sampler.commit(curved_model::call(&model, call)) == status::ok);
            CHECK(x == want);
        }
    });
}

TEST_CASE("between the two calls of sequential guidance a new input is for the second") {
    for (const element_type type : types) {
        std::vector<float> x = golden::gauss(1, values);
        housed_sampler housed(config_of(guidance::sequential, type));
        curved_model model;
        ddim::model_call call;
        REQUIRE(housed.sampler.begin(storage(x), 7) == status::ok);
        REQUIRE(housed.sampler.next(call));
        REQUIRE(housed.sampler.commit(curved_model::call(&model, call)) == status::ok);
        change(x.data());
        REQUIRE(housed.sampler.renew_input() == status::ok);
        REQUIRE(housed.sampler.next(call));
        CHECK(call.which == ddim::branch::conditional);
        CHECK(call.step == 0);
        CHECK(sees(call, x));
    }
}

TEST_CASE("a new input of an unchanged x changes nothing: no second blend") {
    std::vector<float> mask(elements), x0 = golden::gauss(2, values);
    for (std::size_t i = 0; i < elements; ++i) mask[i] = static_cast<float>(i % 3) * 0.5f;
    for (const ddim::known_noise noise : {ddim::known_noise::fresh, ddim::known_noise::same, ddim::known_noise::none})
        for (int when = 0; when <= static_cast<int>(blend_time::at_start); ++when)
            for_each_config([&](ddim::sampler_config config) {
                config.known = {view(mask), view(x0), static_cast<blend_time>(when), noise};
                curved_model model;
                config.model = model.ref();
                std::vector<float> plain = golden::gauss(1, values), x = plain;
                REQUIRE(test_support::run_config(config, plain) == status::ok);
                housed_sampler housed(config);
                ddim::model_call call;
                REQUIRE(housed.sampler.begin(storage(x), 7) == status::ok);
                while (housed.sampler.next(call)) {
                    const std::vector<float> before = x;
                    REQUIRE(housed.sampler.renew_input() == status::ok);
                    REQUIRE(x == before);
                    REQUIRE(sees(call, x));
                    REQUIRE(housed.sampler.commit(curved_model::call(&model, call)) == status::ok);
                }
                CHECK(x == plain);
            });
}

TEST_CASE("x changed where a known region was put: the model sees the change") {
    const std::vector<float> everywhere(1, 1.0f), x0 = golden::gauss(2, values);
    for_each_config([&](ddim::sampler_config config) {
        config.known = test_support::known_by(ddim::diffusion_policy_inpainting(), view(everywhere), view(x0));
        housed_sampler housed(config);
        curved_model model;
        ddim::model_call call;
        std::vector<float> x = golden::gauss(1, values);
        REQUIRE(housed.sampler.begin(storage(x), 7) == status::ok);
        CHECK(x == x0);
        while (housed.sampler.next(call)) {
            change(x.data());
            REQUIRE(housed.sampler.renew_input() == status::ok);
            REQUIRE(sees(call, x));
            REQUIRE(housed.sampler.commit(curved_model::call(&model, call)) == status::ok);
        }
        CHECK(x == x0); // an exact end
    });
}

TEST_CASE("a backend that fails to write the input ends the run with its code") {
    test_support::scripted_run run;
    run.record.fails_in = 'p';
    run.record.fails_at = 1;
    run.record.code = 5;
    REQUIRE(run.init() == status::ok);
    REQUIRE(run.sampler.begin(storage(run.x), 7) == status::ok);
    CHECK(run.sampler.renew_input() == status::backend_failed);
    CHECK(run.sampler.last_code() == 5);
    ddim::model_call call;
    CHECK_FALSE(run.sampler.next(call));
    CHECK(run.sampler.renew_input() == status::not_begun);
    CHECK(run.sampler.commit() == status::backend_failed);
    run.record.fails_at = -1;
    CHECK(run.run() == status::ok);
}

TEST_CASE("a new input is asked of the backend as it is: no blend, the due row and stream") {
    int stream = 0;
    test_support::scripted_run run(guidance::batched);
    REQUIRE(run.init() == status::ok);
    REQUIRE(run.sampler.begin(storage(run.x), 7, &stream) == status::ok);
    ddim::model_call call;
    for (int k = 0; k < 4; ++k) {
        REQUIRE(run.sampler.renew_input() == status::ok);
        const ddim::prepare_job& job = run.record.prepared.back();
        CHECK(job.initial == ddim::initial_state::given);
        CHECK(job.x == run.x.data());
        CHECK(job.blend.mask.values == nullptr);
        CHECK(job.next.row == &short_plan.rows[k]);
        CHECK(job.next.copies == 2);
        CHECK(job.stream == &stream);
        REQUIRE(run.sampler.next(call));
        REQUIRE(run.sampler.commit(test_support::script::model(&run.record, call)) == status::ok);
    }
}
