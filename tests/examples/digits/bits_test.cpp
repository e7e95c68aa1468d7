// The same seed draws the same digits, before they are rounded to the greys of a picture: this fingerprint comes out
// of every compiler and on every processor (tests/host/bits_test.cpp has the library's own).
#include <doctest/doctest.h>

#include <cstddef>
#include <vector>

#include "ddim/host.hpp"
#include "denoiser.hpp"
#include "support/golden.hpp"

namespace {

constexpr auto schedule = ddim::scaled_linear_schedule<1000>(0.00085, 0.012);

/// One row for each class, guided, in a batch.
int denoise(void* context, const ddim::model_call& call) noexcept {
    digits::denoiser& denoiser = *static_cast<digits::denoiser*>(context);
    int labels[2 * digits::classes];
    for (int row = 0; row < 2 * digits::classes; ++row)
        labels[row] = row < digits::classes ? digits::no_label : row - digits::classes;
    denoiser.condition(call.timestep);
    denoiser.predict(static_cast<const float*>(call.input), labels, call.rows, static_cast<float*>(call.output));
    return 0;
}

} // namespace

TEST_CASE("fingerprint: a digit of each class, at eta 0 and eta 1") {
    constexpr ddim::shape dims{digits::classes, digits::pixels};
    alignas(ddim::arena_alignment) static std::byte arena[ddim::arena_bytes({}, dims, ddim::guidance::batched)];
    static digits::denoiser denoiser;
    golden::fingerprint bits;
    for (const double eta : {0.0, 1.0}) {
        const auto list = ddim::spaced_timesteps<20>(ddim::spacing::trailing, 1000);
        const auto plan = ddim::ddim_plan<20>(ddim::schedule_levels(schedule, list), {eta});
        std::vector<float> x(std::size_t{digits::classes} * digits::pixels);
        ddim::sampler_config config;
        config.plan = plan;
        config.dims = dims;
        config.mode = ddim::guidance::batched;
        config.guidance_scale = 2.0f;
        config.arena = arena;
        config.model = {&denoise, &denoiser};
        config.backend = ddim::host_backend();
        ddim::sampler sampler;
        REQUIRE(sampler.init(config) == ddim::status::ok);
        REQUIRE(sampler.run({x.data(), x.size()}, 1) == ddim::status::ok);
        bits.add(x.data(), x.size());
    }
    CHECK(bits.value() == 0x6CA14501AA2BFE82);
}
