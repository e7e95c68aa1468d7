// Every way to hand the sampler something wrong: each has its own status, and nothing is written.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "support/scripted_backend.hpp"

namespace {

using ddim::status;
using test_support::scripted_run;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();

alignas(ddim::arena_alignment) std::byte spare[8192];
float spare_noise[64];

ddim::plan<4> altered(float ddim::step_row::*member, float value) {
    ddim::plan<4> plan = test_support::short_plan;
    plan.rows[2].*member = value;
    return plan;
}

struct wrong_config {
    const char* what;
    status expected;
    void (*spoil)(ddim::sampler_config&);
};

const wrong_config wrong_configs[] = {
    {"no plan", status::plan_empty, [](auto& c) { c.plan = {}; }},
    {"plan without rows", status::plan_empty, [](auto& c) { c.plan.rows = nullptr; }},
    {"plan of 0 steps", status::plan_empty, [](auto& c) { c.plan.steps = 0; }},
    {"plan of -1 steps", status::plan_empty, [](auto& c) { c.plan.steps = -1; }},
    {"plan refused at its making", status::eta_out_of_range,
     [](auto& c) { c.plan.state = status::eta_out_of_range; }},
    {"plan of an impossible spacing", status::steps_unavailable,
     [](auto& c) {
         static const auto plan =
             ddim::ddim_plan(test_support::short_schedule, ddim::spaced_timesteps<30>(ddim::spacing::uniform, 1000));
         c.plan = plan;
     }},
    {"NaN coefficient", status::plan_not_finite,
     [](auto& c) {
         static const auto plan = altered(&ddim::step_row::u_o, not_a_number);
         c.plan = plan;
     }},
    {"infinite coefficient", status::plan_not_finite,
     [](auto& c) {
         static const auto plan = altered(&ddim::step_row::p_x, infinity);
         c.plan = plan;
     }},
    {"infinite timestep", status::plan_not_finite,
     [](auto& c) {
         static const auto plan = altered(&ddim::step_row::timestep, infinity);
         c.plan = plan;
     }},
    {"NaN clip", status::plan_not_finite,
     [](auto& c) {
         static const auto plan = altered(&ddim::step_row::clip, not_a_number);
         c.plan = plan;
     }},
    {"batch 0", status::batch_out_of_range, [](auto& c) { c.dims.batch = 0; }},
    {"batch -1", status::batch_out_of_range, [](auto& c) { c.dims.batch = -1; }},
    {"0 elements", status::elements_out_of_range, [](auto& c) { c.dims.elements = 0; }},
    {"-1 elements", status::elements_out_of_range, [](auto& c) { c.dims.elements = -1; }},
    {"2^34 + 1 elements", status::elements_out_of_range,
     [](auto& c) { c.dims.elements = (std::int64_t{1} << 34) + 1; }},
    {"batch x elements overflows", status::shape_overflow,
     [](auto& c) {
         c.dims = {most, 5};
     }},
    {"batch x elements x 4 overflows", status::shape_overflow,
     [](auto& c) {
         c.dims = {std::int64_t{1} << 30, std::int64_t{1} << 32};
     }},
    {"batch beyond the sample counter", status::first_sample_out_of_range,
     [](auto& c) {
         c.dims = {(std::int64_t{1} << 31) + 1, 1};
     }},
    {"unknown guidance", status::option_out_of_range, [](auto& c) { c.mode = static_cast<ddim::guidance>(3); }},
    {"unknown model type", status::option_out_of_range,
     [](auto& c) { c.model_type = static_cast<ddim::element_type>(-1); }},
    {"unknown initial state", status::option_out_of_range,
     [](auto& c) { c.initial = static_cast<ddim::initial_state>(3); }},
    {"NaN guidance scale", status::guidance_scale_not_finite, [](auto& c) { c.guidance_scale = not_a_number; }},
    {"infinite guidance scale", status::guidance_scale_not_finite, [](auto& c) { c.guidance_scale = -infinity; }},
    {"first_sample -1", status::first_sample_out_of_range, [](auto& c) { c.first_sample = -1; }},
    {"first_sample + batch 2^31 + 1", status::first_sample_out_of_range,
     [](auto& c) { c.first_sample = (std::int64_t{1} << 31) - 1; }},
    {"first_sample huge", status::first_sample_out_of_range, [](auto& c) { c.first_sample = most; }},
    {"no backend", status::backend_missing, [](auto& c) { c.platform = {}; }},
    {"backend without step", status::backend_missing, [](auto& c) { c.platform.step = nullptr; }},
    {"backend without begin", status::backend_missing, [](auto& c) { c.platform.begin = nullptr; }},
    {"null arena", status::arena_null, [](auto& c) { c.arena = {}; }},
    {"null arena with a size", status::arena_null, [](auto& c) { c.arena.data = nullptr; }},
    {"arena misaligned by 1", status::arena_misaligned, [](auto& c) { c.arena.data += 1; }},
    {"arena misaligned by 128", status::arena_misaligned, [](auto& c) { c.arena.data += 128; }},
    {"arena one byte short", status::arena_too_small, [](auto& c) { c.arena.size -= 1; }},
    {"arena of 0 bytes", status::arena_too_small, [](auto& c) { c.arena.size = 0; }},
    {"arena without room for x0", status::arena_too_small, [](auto& c) { c.keeps_x0 = true; }},
    {"arena without room for guidance", status::arena_too_small, [](auto& c) { c.mode = ddim::guidance::batched; }},
    {"noise misaligned by 1", status::noise_misaligned,
     [](auto& c) {
         c.step_noise = {reinterpret_cast<const float*>(reinterpret_cast<const char*>(spare_noise) + 1), 60};
     }},
    {"noise one element short", status::noise_too_small,
     [](auto& c) {
         c.step_noise = {spare_noise, 39};
     }},
    {"noise of size 0", status::noise_too_small,
     [](auto& c) {
         c.step_noise = {spare_noise, 0};
     }},
    {"noise inside the arena", status::buffers_overlap,
     [](auto& c) {
         c.arena = spare;
         c.step_noise = {reinterpret_cast<const float*>(spare) + 100, 40};
     }},
};

struct wrong_state {
    const char* what;
    status expected;
    ddim::span<float> (*spoil)(scripted_run&);
};

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
         return ddim::span<float>{reinterpret_cast<float*>(reinterpret_cast<char*>(run.x.data()) + 1), 10};
     }},
    {"x inside the arena", status::buffers_overlap,
     [](scripted_run& run) {
         return ddim::span<float>{reinterpret_cast<float*>(run.config.arena.data), run.config.arena.size / 4};
     }},
    {"x is the step noise", status::buffers_overlap,
     [](scripted_run& run) {
         run.config.step_noise = {spare_noise, 40};
         REQUIRE(run.init() == status::ok);
         return ddim::span<float>{spare_noise + 39, 10};
     }},
};

} // namespace

TEST_CASE("a wrong config: its own status, nothing written, nothing called, and the sampler can be used again") {
    for (const wrong_config& wrong : wrong_configs) {
        CAPTURE(wrong.what);
        scripted_run run;
        ddim::sampler_config config = run.config;
        wrong.spoil(config);
        CHECK(run.sampler.init(config) == wrong.expected);
        CHECK(std::strcmp(ddim::message(wrong.expected), "unknown status") != 0);
        CHECK(run.record.events.empty());
        CHECK(run.arena.is_untouched());
        CHECK(run.run() == status::not_initialised);
        CHECK(run.init() == status::ok);
        CHECK(run.run() == status::ok);
    }
}

TEST_CASE("a wrong x: its own status, nothing written, nothing called, and the next run is good") {
    for (const wrong_state& wrong : wrong_states) {
        CAPTURE(wrong.what);
        scripted_run run;
        REQUIRE(run.init() == status::ok);
        const std::vector<float> before = run.x;
        const ddim::span<float> x = wrong.spoil(run);
        CHECK(run.sampler.run(x, 7) == wrong.expected);
        CHECK(run.record.events.empty());
        CHECK(run.x == before);
        CHECK(run.arena.is_untouched());
        CHECK(run.run() == status::ok);
    }
}

TEST_CASE("run without a model is refused; the pull form needs none") {
    scripted_run run;
    run.config.model = {};
    REQUIRE(run.init() == status::ok);
    CHECK(run.run() == status::model_missing);
    CHECK(run.record.events.empty());
    REQUIRE(run.sampler.begin({run.x.data(), run.x.size()}, 7) == status::ok);
    ddim::model_call call;
    CHECK(run.sampler.next(call));
}

TEST_CASE("every status has a message of its own") {
    std::vector<std::string> seen;
    for (int value = -110; value <= 0; ++value) {
        const std::string text = ddim::message(static_cast<status>(value));
        if (text == "unknown status") continue;
        for (const std::string& other : seen) CHECK(other != text);
        seen.push_back(text);
    }
    CHECK(seen.size() == 61);
}
