// No heap call inside init and run, counted; and proof that the counter counts.
#include <doctest/doctest.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "ddim/hooks.hpp"
#include "ddim/host.hpp"
#include "support/config.hpp"
#include "support/heap_counter.hpp"

namespace {

using ddim::guidance;
using test_support::make_config;

constexpr auto& plan = test_support::noisy_plan<50>;
constexpr ddim::shape dims{2, 1000};

// Batched guidance needs the most of the three.
alignas(ddim::arena_alignment)
    std::byte arena[ddim::arena_bytes(plan, dims, guidance::batched, ddim::element_type::float32, {true, true})];
float x[2000];

// Chunks of 200 actions of 5.
constexpr auto flow_plan =
    ddim::ddim_plan<50>(ddim::flow_levels(50), {0.0, ddim::prediction::flow, ddim::detail::infinity, true});
float previous[2000], mask[1000], prefix_weights[1000], step_weights[50], gain[1000], scales[50];

int model(void*, const ddim::model_call& call) noexcept {
    const float* input = static_cast<const float*>(call.input);
    float* output = static_cast<float*>(call.output);
    for (std::int64_t i = 0; i < call.rows * call.elements; ++i) output[i] = 0.5f * input[i];
    return 0;
}

// Opaque to the optimiser, which may otherwise remove an allocation that nothing uses.
void* volatile sink;

template <class Call>
long calls_during(Call&& call) {
    const long before = heap_counter::calls();
    call();
    return heap_counter::calls() - before;
}

} // namespace

TEST_CASE("the counter sees every way to the heap") {
    if (!heap_counter::is_counting()) return;
    CHECK(calls_during([] {
              sink = std::malloc(10);
              std::free(sink);
          }) == 2);
    CHECK(calls_during([] {
              sink = std::calloc(2, 10);
              sink = std::realloc(sink, 50);
              std::free(sink);
          }) == 3);
    CHECK(calls_during([] {
              sink = std::aligned_alloc(64, 64);
              std::free(sink);
          }) == 2);
    CHECK(calls_during([] {
              int* number = new int(3);
              sink = number;
              delete number;
          }) == 2);
    CHECK(calls_during([] { // inside libstdc++.so
              const std::string text(1000, 'x');
              sink = const_cast<char*>(text.data());
          }) == 2);
}

TEST_CASE("init and run make no heap call, under any guidance and model type") {
    for (const guidance mode : test_support::modes) {
        ddim::sampler_config config = make_config(plan, dims, {&model, nullptr}, mode);
        test_support::guide(config, 3.0f);
        config.backend = ddim::host_backend();
        config.keeps_x0 = true;
        config.arena = arena;
        ddim::sampler sampler;
        ddim::status initialised = ddim::status::not_initialised, ran = initialised;
        const long calls = calls_during([&] {
            initialised = sampler.init(config);
            ran = sampler.run(x, 1);
        });
        CHECK(initialised == ddim::status::ok);
        CHECK(ran == ddim::status::ok);
        CHECK(calls == 0);
    }
}

TEST_CASE("chunks, gain, lists of scales, ready hooks, lent noise: no heap call") {
    const ddim::action_chunk chunk{200, 5, 4};
    for (float& scale : scales) scale = &scale - scales < 20 ? 2.0f : 1.0f;
    for (const guidance mode : {guidance::batched, guidance::sequential}) {
        ddim::dynamic_thresholding thresholding{0.9f, 2.0f};
        float phi = 0.7f;
        ddim::sampler_config config = make_config(flow_plan, dims, {}, mode);
        config.guidance_scales = scales;
        config.backend = ddim::host_backend();
        config.arena = arena;
        config.known = test_support::known_by(ddim::overlap_inpainting(), mask, previous);
        config.prefix = {previous, prefix_weights, step_weights};
        config.gain = gain;
        config.score_corrector = {&ddim::rescale_guidance, &phi};
        config.x0_hook = {&ddim::threshold_x0, &thresholding};
        config.state_hook.function = [](void*, const ddim::hook_call&) noexcept { return 0; };
        ddim::sampler sampler;
        ddim::status states[9];
        const long calls = calls_during([&] {
            states[0] = ddim::fill_prefix_mask(chunk, 30, mask);
            states[1] = ddim::fill_prefix_weights(chunk, 10, 80, ddim::prefix_schedule::exponential, prefix_weights);
            states[2] = ddim::fill_ramp_gain(chunk, 10, 30, 6.0, gain);
            states[3] = ddim::fill_step_weights(flow_plan, 10.0, step_weights);
            states[4] = sampler.init(config);
            states[5] = sampler.set_guidance_scales(scales);
            states[6] = sampler.begin(x, 1);
            states[7] = sampler.set_step_noise(previous);
            states[8] = sampler.renew_input();
            ddim::model_call call;
            while (sampler.next(call)) (void)sampler.commit(model(nullptr, call));
        });
        for (const ddim::status state : states) CHECK(state == ddim::status::ok);
        CHECK(sampler.steps_done() == 50);
        CHECK(calls == 0);
    }
}

TEST_CASE("building tables and plans at run time makes no heap call") {
    static ddim::plan<50> built, multistep;
    const long calls = calls_during([] {
        const auto table = ddim::scaled_linear_schedule<1000>(0.00085, 0.012);
        const auto list = ddim::spaced_timesteps<50>(ddim::spacing::trailing, 1000);
        built = ddim::ddim_plan<50>(ddim::schedule_levels(table, list), {0.5});
        multistep = ddim::unipc_plan<50>(ddim::karras_levels(table, list), {3});
    });
    CHECK(built.state == ddim::status::ok);
    CHECK(multistep.state == ddim::status::ok);
    CHECK(calls == 0);
}
