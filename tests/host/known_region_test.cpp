// Kept 1 gives the known value and kept 0 the other, whatever the one that is not taken holds; in between a mixture.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "ddim/detail/step.hpp"
#include "support/config.hpp"
#include "support/run.hpp"

namespace {

using ddim::blend_time;
using ddim::known_noise;
using ddim::status;
using test_support::infinity;
using test_support::make_config;
using test_support::not_a_number;

constexpr float wild_values[] = {not_a_number, infinity, -infinity, 3.0e38f};

bool same_bits(float a, float b) { return std::memcmp(&a, &b, sizeof a) == 0; }

/// Writes `bad` at element 0 of each row and 0.1 elsewhere.
struct wild_model {
    float bad = 0.1f;

    static int predict(void* context, const ddim::model_call& call) noexcept {
        float* output = static_cast<float*>(call.output);
        for (std::int64_t i = 0; i < call.rows * call.elements; ++i)
            output[i] = i % call.elements == 0 ? static_cast<wild_model*>(context)->bad : 0.1f;
        return 0;
    }
};

constexpr std::int64_t elements = 4;
const float mask[elements] = {1, 0, 0, 0};
const float regenerating[elements] = {0, 1, 1, 1};

ddim::sampler_config known_config(wild_model& model, const ddim::inpainting& convention,
                                  const float (&x0)[elements]) {
    ddim::sampler_config config =
        make_config(test_support::noisy_plan<4>, {1, elements}, {&wild_model::predict, &model});
    config.known = convention;
    config.known.mask = convention.mask_regenerates ? regenerating : mask;
    config.known.x0 = x0;
    config.known.ends_exact = true;
    return config;
}

/// Those that put the known region into the state.
std::vector<ddim::inpainting> conventions_on_state() {
    return {ddim::compvis_inpainting(), ddim::compvis_ddpm_inpainting(), ddim::diffusers_inpainting(),
            ddim::diffusion_policy_inpainting(), ddim::overlap_inpainting()};
}

} // namespace

TEST_CASE("a blend takes one side whole, to the bit, and mixes in between as it did") {
    for (const bool regenerates : {false, true}) {
        const float keeps = regenerates ? 0.0f : 1.0f, other = 1.0f - keeps;
        for (const float wild : wild_values) {
            for (const float value : {0.25f, -0.0f, 0.0f, 1e-42f, wild}) {
                CHECK(same_bits(ddim::detail::blended(keeps, regenerates, value, wild), value));
                CHECK(same_bits(ddim::detail::blended(other, regenerates, wild, value), value));
            }
        }
    }
    for (const float kept : {1e-45f, 0.1f, 0.5f, 0.75f, 0.99999994f})
        CHECK(same_bits(ddim::detail::blended(kept, false, 0.3f, -0.7f), 0.3f * kept + (1.0f - kept) * -0.7f));
}

TEST_CASE("a model may write anything at a known place") {
    const float x0[elements] = {0.25f, 0, 0, 0};
    for (const ddim::inpainting& convention : conventions_on_state()) {
        CAPTURE(static_cast<int>(convention.when));
        wild_model model;
        std::vector<float> tame(elements);
        REQUIRE(test_support::run_config(known_config(model, convention, x0), tame) == status::ok);
        CHECK(tame[0] == 0.25f);
        for (const float wild : wild_values) {
            model.bad = wild;
            std::vector<float> x(elements);
            REQUIRE(test_support::run_config(known_config(model, convention, x0), x) == status::ok);
            CHECK(x == tame); // and the known value is not NaN
        }
    }
}

TEST_CASE("a given x may hold anything at a known place") {
    const float x0[elements] = {0.25f, 0, 0, 0};
    wild_model model;
    ddim::sampler_config config = known_config(model, ddim::diffusion_policy_inpainting(), x0);
    config.initial = ddim::initial_state::given;
    std::vector<float> x{not_a_number, 0, 0, 0};
    REQUIRE(test_support::run_config(config, x) == status::ok);
    CHECK(x[0] == 0.25f);
    for (const float value : x) CHECK(std::isfinite(value));
}

TEST_CASE("a known x0 may hold anything where it is not known") {
    const float filled[elements] = {0.25f, 0.5f, 0.5f, 0.5f};
    std::vector<ddim::inpainting> conventions = conventions_on_state();
    conventions.push_back(ddim::sdcpp_inpainting());
    for (const ddim::inpainting& convention : conventions) {
        CAPTURE(static_cast<int>(convention.when));
        wild_model model;
        std::vector<float> tame(elements);
        REQUIRE(test_support::run_config(known_config(model, convention, filled), tame) == status::ok);
        for (const float wild : wild_values) {
            const float holes[elements] = {0.25f, wild, wild, wild};
            std::vector<float> x(elements);
            REQUIRE(test_support::run_config(known_config(model, convention, holes), x) == status::ok);
            CHECK(x == tame);
        }
    }
}

TEST_CASE("at noise 0 the known value is alpha x0, with no noise added, to the sign of 0") {
    const float x0[elements] = {-0.0f, -0.0f, 0.25f, 0.5f}, all[elements] = {1, 1, 1, 1};
    const float noise[elements] = {not_a_number, 1.0f, infinity, -1.0f};
    wild_model model;
    for (const float alpha : {1.0f, 2.0f}) {
        auto plan = test_support::noisy_plan<4>;
        for (ddim::step_row& row : plan.rows) row.to = {alpha, 0.0f};
        ddim::sampler_config config = known_config(model, ddim::diffusers_inpainting(), x0);
        config.plan = plan;
        config.known.mask = all;
        config.known.mask_regenerates = config.known.ends_exact = false;
        config.known.given_noise = noise;
        std::vector<float> x(elements);
        REQUIRE(test_support::run_config(config, x) == status::ok);
        for (std::size_t i = 0; i < x.size(); ++i) CHECK(same_bits(x[i], alpha * x0[i]));
    }
}
