#include "small_run.hpp"

#include <doctest/doctest.h>

#include "support/arena.hpp"

namespace device_tests {

namespace {

constexpr ddim::shape dims{2, 37};
constexpr std::size_t values = 2 * 37;

int host_model(void* context, const ddim::model_call& call) noexcept {
    const test_support::model_job job{call.input, call.output, call.row_timesteps, call.type,
                                      call.which, call.rows,   call.elements,      false};
    return static_cast<test_support::host_target*>(context)->predict(job, nullptr);
}

} // namespace

small_run::small_run(ddim::guidance mode, ddim::plan_view plan) {
    config.plan = plan;
    config.dims = dims;
    config.mode = mode;
    config.guidance_scale = 3.0f;
    config.model = {&small_run::model, this};
    config.platform = ddim::cuda_backend();
    lend_arena();
    x = {reinterpret_cast<float*>(memory.lend(values * sizeof(float))), values};
    const std::vector<float> untouched(values, -77.0f);
    memory.write(x.data, untouched.data(), values * sizeof(float));
}

void small_run::lend_arena() {
    const std::size_t bytes = test_support::arena_bytes_of(config);
    config.arena = {memory.lend(bytes), bytes};
}

std::vector<float> small_run::expected(std::uint64_t seed, float scale, ddim::plan_view plan) const {
    test_support::host_target host;
    ddim::sampler_config other = config;
    other.plan = plan;
    other.guidance_scale = scale;
    other.model = {&host_model, &host};
    other.platform = host.platform();
    other.score_corrector = {};
    other.observer = {};
    const std::size_t bytes = test_support::arena_bytes_of(other);
    other.arena = {host.lend(bytes), bytes};
    std::vector<float> result(values);
    ddim::sampler fresh;
    REQUIRE(fresh.init(other) == ddim::status::ok);
    REQUIRE(fresh.run({result.data(), values}, seed) == ddim::status::ok);
    return result;
}

int small_run::model(void* context, const ddim::model_call& call) noexcept {
    small_run& self = *static_cast<small_run*>(context);
    if (self.model_calls++ == self.fails_at) return self.code;
    const test_support::model_job job{call.input, call.output, call.row_timesteps, call.type,
                                      call.which, call.rows,   call.elements,      false};
    return enqueue_test_model(job, call.stream);
}

} // namespace device_tests
