// rescale_guidance against diffusers' rescale_noise_cfg, written down in double.
#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "ddim/hooks.hpp"
#include "ddim/host.hpp"
#include "host/curved_model.hpp"
#include "host/plain_loop.hpp"
#include "support/config.hpp"
#include "support/golden.hpp"
#include "support/run.hpp"
#include "support/scripted_backend.hpp"

namespace {

using ddim::element_type;
using ddim::guidance;
using ddim::status;
using test_support::infinity;
using test_support::not_a_number;
using test_support::types;
using test_support::wide;

/// A conditional output of a type.
struct typed_values {
    element_type type;
    std::vector<float> bytes; ///< large enough for any type

    typed_values(element_type type_, const std::vector<float>& values) : type(type_), bytes(values.size()) {
        for (std::size_t i = 0; i < values.size(); ++i) test_support::write_element(bytes.data(), type, i, values[i]);
    }
    float at(std::size_t i) const { return test_support::read_element(bytes.data(), type, i); }
};

int rescale(float phi, std::vector<float>& guided, const typed_values& conditional, std::size_t samples = 1) {
    ddim::hook_call call;
    call.values = guided.data();
    call.conditional = conditional.bytes.data();
    call.conditional_type = conditional.type;
    call.batch = static_cast<std::int64_t>(samples);
    call.elements = static_cast<std::int64_t>(guided.size() / samples);
    return ddim::rescale_guidance(&phi, call);
}

/// torch.std of `count` values: unbiased.
template <class ValueAt>
double deviation(std::size_t count, ValueAt&& value_at) {
    double mean = 0.0, squares = 0.0;
    for (std::size_t i = 0; i < count; ++i) mean += value_at(i) / static_cast<double>(count);
    for (std::size_t i = 0; i < count; ++i) squares += (value_at(i) - mean) * (value_at(i) - mean);
    return std::sqrt(squares / static_cast<double>(count - 1));
}

/// One sample, `first` entries in.
void check_sample(float phi, const std::vector<float>& before, const std::vector<float>& after,
                  const typed_values& conditional, std::size_t first, std::size_t count) {
    const double of_conditional = deviation(count, [&](std::size_t i) { return wide(conditional.at(first + i)); });
    const double of_guided = deviation(count, [&](std::size_t i) { return wide(before[first + i]); });
    for (std::size_t i = first; i < first + count; ++i) {
        const double rescaled = wide(before[i]) * (of_conditional / of_guided);
        const double want = wide(phi) * rescaled + (1.0 - wide(phi)) * wide(before[i]);
        // A sum of squares goes through count / 256 + 8 additions of positive terms of some four roundings; of the
        // ratio of two the root halves what it is off, and four roundings make the output of it.
        const double roundings = static_cast<double>(count) / 256.0 + 16.0;
        REQUIRE(std::fabs(wide(after[i]) - want) <= roundings * 0x1p-24 * std::fabs(want));
    }
}

bool same(const std::vector<float>& a, const std::vector<float>& b) {
    return std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

std::vector<float> shifted(std::vector<float> values, float scale, float offset) {
    for (float& value : values) value = scale * value + offset;
    return values;
}

} // namespace

TEST_CASE("rescale_guidance is torch's formula, for each type of the conditional output") {
    for (const element_type type : types)
        for (const std::size_t size : {2u, 3u, 5u, 255u, 256u, 257u, 600u, 1000u, 4099u})
            for (const float phi : {0.7f, 0.0f, 0.25f, 1.0f})
                for (const float offset : {0.0f, 3.0f}) {
                    CAPTURE(static_cast<int>(type));
                    CAPTURE(size);
                    CAPTURE(phi);
                    const typed_values conditional(type, shifted(golden::gauss(21, 3 * size), 0.75f, offset));
                    const std::vector<float> before = shifted(golden::gauss(22, 3 * size), 2.5f, -offset);
                    std::vector<float> guided = before;
                    REQUIRE(rescale(phi, guided, conditional, 3) == 0);
                    for (std::size_t sample = 0; sample < 3; ++sample)
                        check_sample(phi, before, guided, conditional, sample * size, size);
                    if (phi == 0.0f) CHECK(same(guided, before));
                }
}

TEST_CASE("rescale_guidance in one written order: the bits of a plain loop over 256 lanes") {
    for (const std::size_t size : {2u, 255u, 256u, 257u, 1000u, 4099u})
        for (std::uint32_t stream = 21; stream < 41; ++stream) { // one order's bits may be another's by chance
            const typed_values conditional(element_type::float32, golden::gauss(stream, size));
            const std::vector<float> before = shifted(golden::gauss(stream + 100, size), 2.5f, 0.125f);
            std::vector<float> guided = before;
            REQUIRE(rescale(0.7f, guided, conditional) == 0);
            const auto sum = [size](auto&& value_at) {
                float lanes[256] = {};
                for (std::size_t i = 0; i < size; ++i) lanes[i % 256] += value_at(i);
                for (std::size_t half = 128; half > 0; half /= 2)
                    for (std::size_t lane = 0; lane < half; ++lane) lanes[lane] += lanes[lane + half];
                return lanes[0];
            };
            const auto squares = [&](auto&& value_at) {
                const float mean = sum(value_at) / static_cast<float>(size);
                return sum([&](std::size_t i) { return (value_at(i) - mean) * (value_at(i) - mean); });
            };
            const float ratio = squares([&](std::size_t i) { return conditional.at(i); }) /
                                squares([&](std::size_t i) { return before[i]; });
            const float factor = 0.7f * std::sqrt(ratio) + (1.0f - 0.7f);
            for (std::size_t i = 0; i < size; ++i) REQUIRE(guided[i] == before[i] * factor);
        }
}

TEST_CASE("rescale_guidance does nothing at deviation 0, for one element, without guidance") {
    const std::vector<float> varied{1.0f, -2.0f, 0.5f, 4.0f}, constant(4, 0.1f), zero(4, 0.0f);
    for (const element_type type : types) {
        for (const std::vector<float>& flat : {constant, zero}) {
            std::vector<float> guided = varied;
            CHECK(rescale(0.7f, guided, {type, flat}) == 0);
            CHECK(same(guided, varied));
            guided = flat;
            CHECK(rescale(0.7f, guided, {type, varied}) == 0);
            CHECK(same(guided, flat));
            CHECK(rescale(0.7f, guided, {type, flat}) == 0);
            CHECK(same(guided, flat));
        }
        std::vector<float> single = varied;
        CHECK(rescale(0.7f, single, {type, constant}, 4) == 0);
        CHECK(rescale(0.7f, single, {type, varied}, 4) == 0);
        CHECK(same(single, varied));
    }
    std::vector<float> guided = varied;
    float phi = 0.7f;
    ddim::hook_call call;
    call.values = guided.data();
    call.batch = 1;
    call.elements = 4;
    CHECK(ddim::rescale_guidance(&phi, call) == 0);
    CHECK(same(guided, varied));
}

TEST_CASE("rescale_guidance leaves a sample with NaN or infinity alone, and not the others") {
    constexpr std::size_t size = 300;
    for (const element_type type : types)
        for (const float wild : {not_a_number, infinity, -infinity})
            for (const bool is_conditional : {false, true}) {
                std::vector<float> conditional = golden::gauss(21, 3 * size);
                std::vector<float> before = shifted(golden::gauss(22, 3 * size), 2.5f, 0.0f);
                (is_conditional ? conditional : before)[size + 7] = wild;
                std::vector<float> guided = before;
                const typed_values typed(type, conditional);
                REQUIRE(rescale(0.7f, guided, typed, 3) == 0);
                check_sample(0.7f, before, guided, typed, 0, size);
                check_sample(0.7f, before, guided, typed, 2 * size, size);
                for (std::size_t i = size; i < 2 * size; ++i)
                    CHECK((guided[i] == before[i] || (std::isnan(guided[i]) && std::isnan(before[i]))));
            }
}

TEST_CASE("rescale_guidance leaves the output alone where the conditional squares overflow") {
    const typed_values conditional(element_type::float32, shifted(golden::gauss(21, 300), 1e25f, 0.0f));
    const std::vector<float> before = golden::gauss(22, 300);
    std::vector<float> guided = before;
    REQUIRE(rescale(0.7f, guided, conditional) == 0);
    CHECK(same(guided, before));
}

TEST_CASE("rescale_guidance refuses a phi out of range with 1, and changes nothing then") {
    for (const float phi : {-0.01f, 1.01f, infinity, not_a_number}) {
        std::vector<float> guided{1.0f, -2.0f};
        CHECK(rescale(phi, guided, {element_type::float32, {3.0f, 4.0f}}) == 1);
        CHECK(guided == std::vector<float>{1.0f, -2.0f});
    }
    float phi = 2.0f; // in a run that is hook_failed, also in a step without guidance
    test_support::scripted_run run;
    run.config.score_corrector = {&ddim::rescale_guidance, &phi};
    REQUIRE(run.init() == status::ok);
    CHECK(run.run() == status::hook_failed);
    CHECK(run.sampler.last_code() == 1);
}

TEST_CASE("rescale_guidance in a run: the plain loop's bits, none where not guided") {
    static constexpr auto plan = test_support::short_plan;
    static const float scales[] = {1.0f, 7.5f, 1.0f, 3.0f};
    const std::vector<float> start = golden::gauss(1, 300);
    float phi = 0.7f;
    for (const guidance mode : test_support::modes)
        for (const element_type type : types)
            for (const bool lists : {false, true}) {
                if (lists && mode == guidance::none) continue;
                ddim::sampler_config config = test_support::make_config(plan, {2, 150}, {}, mode, type);
                test_support::guide(config, 7.5f);
                config.initial = ddim::initial_state::given;
                if (lists) config.guidance_scales = scales;
                const std::vector<float> plain = test_support::require_plain_bits(config, start);
                config.score_corrector = {&ddim::rescale_guidance, &phi};
                const std::vector<float> rescaled = test_support::require_plain_bits(config, start);
                CHECK((rescaled == plain) == (mode == guidance::none));
            }
}
