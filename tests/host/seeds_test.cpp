// A seed for each sample: every row of a batch is what its own seed gives alone.
#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

#include "support/config.hpp"
#include "support/run.hpp"

namespace {

using ddim::status;
using test_support::make_config;
using test_support::noisy_plan;

constexpr std::int64_t elements = 300; // more than a block of the host's, and no multiple of 4 x 16
constexpr std::uint64_t seeds[] = {37, 0, 0xFFFFFFFFFFFFFFFF, 37};
constexpr std::int64_t batch = 4;

int predict(void*, const ddim::model_call& call) noexcept {
    const float* input = static_cast<const float*>(call.input);
    float* output = static_cast<float*>(call.output);
    for (std::int64_t i = 0; i < call.rows * call.elements; ++i) output[i] = 0.3f * input[i];
    return 0;
}

/// Everything that draws: x_T or its noise, the noise term with dropout, the known region.
std::vector<ddim::sampler_config> drawing_configs() {
    static const std::vector<float> mask(elements, 0.5f), known(batch * elements, 0.25f);
    std::vector<ddim::sampler_config> made(3, make_config(noisy_plan<4>, {batch, elements}, {predict, nullptr}));
    made[1].noise_dropout = 0.25f;
    made[1].initial = ddim::initial_state::noised;
    made[2].known = ddim::compvis_inpainting();
    made[2].known.mask = mask;
    made[2].known.x0 = known;
    return made;
}

std::vector<float> alone(ddim::sampler_config config, std::uint64_t seed) {
    config.dims.batch = 1;
    config.seeds = {};
    std::vector<float> x(elements, 0.5f);
    REQUIRE(test_support::run_config(config, x, seed) == status::ok);
    return x;
}

} // namespace

TEST_CASE("each row of a batch with seeds is, to the bit, its seed's sample 0 alone") {
    for (ddim::sampler_config config : drawing_configs()) {
        config.seeds = seeds;
        std::vector<float> x(batch * elements, 0.5f);
        REQUIRE(test_support::run_config(config, x, 0) == status::ok);
        for (std::int64_t row = 0; row < batch; ++row) {
            CAPTURE(row);
            const auto first = x.begin() + row * elements;
            CHECK(std::vector<float>(first, first + elements) == alone(config, seeds[row]));
        }
    }
}

TEST_CASE("seeds are read by the run, not by init: another request needs no other sampler") {
    std::uint64_t requests[batch] = {1, 2, 3, 4};
    ddim::sampler_config config = drawing_configs()[0];
    config.seeds = requests;
    test_support::housed_sampler housed(config);
    std::vector<float> x(batch * elements);
    for (std::uint64_t& seed : requests) seed += 10;
    REQUIRE(housed.sampler.run(x, 0) == status::ok);
    const auto last = x.end() - elements;
    CHECK(std::vector<float>(last, x.end()) == alone(config, 14));
}

TEST_CASE("a run with seeds of the samples takes no seed of its own") {
    ddim::sampler_config config = drawing_configs()[0];
    config.seeds = seeds;
    test_support::housed_sampler housed(config);
    std::vector<float> x(batch * elements, 0.5f);
    CHECK(housed.sampler.run(x, 1) == status::seeds_mismatch);
    CHECK(housed.sampler.commit() == status::seeds_mismatch);
    CHECK(x == std::vector<float>(batch * elements, 0.5f));
    CHECK(housed.sampler.load(1) == status::seeds_mismatch);
    CHECK(housed.sampler.run(x, 0) == status::ok);
}

TEST_CASE("seeds that lie in x are refused by begin") {
    std::vector<std::uint64_t> memory(batch + batch * elements / 2);
    ddim::sampler_config config = drawing_configs()[0];
    config.seeds = {memory.data(), batch};
    test_support::housed_sampler housed(config);
    float* const behind = reinterpret_cast<float*>(memory.data() + batch);
    CHECK(housed.sampler.begin({behind - 1, batch * elements}, 0) == status::buffers_overlap);
    CHECK(housed.sampler.begin({behind, batch * elements}, 0) == status::ok);
}
