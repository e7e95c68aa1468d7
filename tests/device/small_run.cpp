#include "small_run.hpp"

#include <doctest/doctest.h>

#include "support/arena.hpp"

namespace device_tests {

namespace {

int host_model(void* context, const ddim::model_call& call) noexcept {
    const test_support::model_job job{call.input, call.output, call.row_timesteps, call.type,
                                      call.which, call.rows,   call.elements,      false};
    return static_cast<test_support::host_target*>(context)->predict(job, nullptr);
}

} // namespace

small_run::small_run(ddim::guidance mode, ddim::plan_view plan, ddim::shape dims) {
    config = test_support::make_config(plan, dims, {&small_run::model, this}, mode);
    if (mode != ddim::guidance::none) config.guidance_scale = 3.0f;
    config.backend = ddim::cuda_backend();
    lend_arena();
    const std::size_t values = static_cast<std::size_t>(dims.batch * dims.elements);
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
    if (config.mode != ddim::guidance::none) other.guidance_scale = scale;
    other.model = {&host_model, &host};
    other.backend = host.backend();
    other.score_corrector = host_score_corrector;
    other.x0_hook = host_x0_hook;
    other.observer = {};
    const std::size_t bytes = test_support::arena_bytes_of(other);
    other.arena = {host.lend(bytes), bytes};
    std::vector<float> result(x.size);
    ddim::sampler fresh;
    REQUIRE(fresh.init(other) == ddim::status::ok);
    REQUIRE(fresh.run({result.data(), result.size()}, seed) == ddim::status::ok);
    return result;
}

int small_run::model(void* context, const ddim::model_call& call) noexcept {
    small_run& self = *static_cast<small_run*>(context);
    const int number = self.model_calls++;
    if (number == self.fails_at) return self.code;
    const test_support::model_job job{call.input, call.output, call.row_timesteps, call.type,
                                      call.which, call.rows,   call.elements,      false};
    return enqueue_test_model(job, number == self.strays_at ? self.other_stream : call.stream);
}

} // namespace device_tests
