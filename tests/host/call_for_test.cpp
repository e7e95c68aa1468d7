// Where a model call will read and write, before the first run: what an engine is bound to.
#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

#include "support/config.hpp"
#include "support/run.hpp"

namespace {

using ddim::branch;
using ddim::guidance;
using ddim::status;

bool points_alike(const ddim::model_call& a, const ddim::model_call& b) {
    return a.output == b.output && a.type == b.type && a.which == b.which && a.rows == b.rows &&
           a.elements == b.elements && a.row_timesteps == b.row_timesteps;
}

bool is_aligned(const void* data) { return reinterpret_cast<std::uintptr_t>(data) % ddim::arena_alignment == 0; }

/// Compares every call of a run with what was said of it, and predicts half its input.
struct bound_engine {
    const ddim::sampler* sampler = nullptr;
    const void* x = nullptr;
    int calls = 0;
    ddim::model_call bound[3]; ///< what was said of each branch before the first run

    void bind() {
        for (int which = 0; which < 3; ++which) {
            bound[which] = sampler->call_for(static_cast<branch>(which));
            CHECK(bound[which].which == static_cast<branch>(which));
        }
    }

    static int predict(void* context, const ddim::model_call& call) noexcept {
        bound_engine& self = *static_cast<bound_engine*>(context);
        ++self.calls;
        const ddim::model_call said = self.sampler->call_for(call.which);
        CHECK(points_alike(said, call));
        CHECK(points_alike(self.bound[static_cast<int>(call.which)], call));
        CHECK((said.input == nullptr ? self.x : said.input) == call.input);
        CHECK(is_aligned(said.input));
        CHECK(is_aligned(said.output));
        CHECK(said.stream == nullptr);
        return 0;
    }
};

} // namespace

TEST_CASE("call_for says how every call of every run looks, unguided steps too") {
    const float scales[] = {1.0f, 2.0f, 1.0f, 3.0f};
    for (const guidance mode : test_support::modes) {
        for (const ddim::element_type type : test_support::types) {
            for (const bool separates : {false, true}) {
                CAPTURE(static_cast<int>(mode));
                CAPTURE(static_cast<int>(type));
                bound_engine engine;
                ddim::sampler_config config = test_support::make_config(
                    test_support::noisy_plan<4>, {2, 5}, {&bound_engine::predict, &engine}, mode, type);
                if (mode != guidance::none) config.guidance_scales = scales;
                config.owns_input = separates;
                test_support::housed_sampler housed(config);
                engine.sampler = &housed.sampler;
                engine.bind();
                if (separates) CHECK(housed.sampler.call_for(branch::conditional).input != nullptr);
                for (int run = 0; run < 2; ++run) {
                    std::vector<float> x(10);
                    engine.x = x.data();
                    CHECK(housed.sampler.run(x, 7) == status::ok);
                }
                CHECK(engine.calls == (mode == guidance::sequential ? 12 : 8));
            }
        }
    }
}

TEST_CASE("call_for of a branch that is never asked for, or before init, binds nothing") {
    for (const guidance mode : test_support::modes) {
        test_support::housed_sampler housed(test_support::make_config(test_support::noisy_plan<4>, {2, 5}, {}, mode));
        for (const branch which : {branch::conditional, branch::unconditional, branch::both}) {
            const bool is_asked = which == branch::both            ? mode == guidance::batched
                                  : which == branch::unconditional ? mode == guidance::sequential
                                                                   : true;
            const ddim::model_call call = housed.sampler.call_for(which);
            CHECK((call.output != nullptr) == is_asked);
            CHECK((call.row_timesteps != nullptr) == is_asked);
            CHECK(call.rows == (!is_asked ? 0 : which == branch::both ? 4 : 2));
        }
    }
    CHECK(ddim::sampler().call_for(branch::conditional).output == nullptr);
}

TEST_CASE("an input of its own changes the arena, and no bit of the sample") {
    const auto halve = [](void*, const ddim::model_call& call) noexcept {
        const float* input = static_cast<const float*>(call.input);
        float* output = static_cast<float*>(call.output);
        for (std::int64_t i = 0; i < call.rows * call.elements; ++i) output[i] = 0.5f * input[i];
        return 0;
    };
    ddim::sampler_config config = test_support::make_config(test_support::noisy_plan<4>, {2, 100}, {halve, nullptr});
    const std::size_t bytes = ddim::arena_layout_of(config).bytes;
    std::vector<float> in_place(200), separate(200);
    REQUIRE(test_support::run_config(config, in_place) == status::ok);
    config.owns_input = true;
    CHECK(ddim::arena_layout_of(config).bytes == bytes + 1024); // 200 floats, rounded up to 256 bytes
    REQUIRE(test_support::run_config(config, separate) == status::ok);
    CHECK(in_place == separate);
}

TEST_CASE("a step leaves the outputs as the model wrote them, beside an input of its own") {
    struct writer {
        std::vector<float> written[3]; ///< of each branch
        static int predict(void* context, const ddim::model_call& call) noexcept {
            std::vector<float>& before = static_cast<writer*>(context)->written[static_cast<int>(call.which)];
            float* const output = static_cast<float*>(call.output);
            const std::size_t values = static_cast<std::size_t>(call.rows * call.elements);
            const std::vector<float> found(output, output + values);
            if (!before.empty()) CHECK(found == before);
            for (std::size_t i = 0; i < values; ++i) output[i] = 0.125f * static_cast<float>(call.step);
            before.assign(output, output + values);
            return 0;
        }
    };
    for (const guidance mode : test_support::modes) {
        writer model;
        ddim::sampler_config config =
            test_support::make_config(test_support::quiet_plan<4>, {2, 64}, {&writer::predict, &model}, mode);
        config.owns_input = true;
        std::vector<float> x(128);
        CHECK(test_support::run_config(config, x) == status::ok);
    }
}
