// Stands in for the README's sample until there is a README.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>

#include <ddim/host.hpp>

static constexpr auto schedule = ddim::scaled_linear_schedule<1000>(0.00085, 0.012);
static constexpr auto plan = ddim::ddim_plan<50>(schedule, {});
static constexpr ddim::shape dims{/*batch=*/2, /*elements=*/16};
alignas(ddim::arena_alignment) static std::byte arena[ddim::arena_bytes(plan, dims)];

// Predicts all of x to be noise.
static int model(void*, const ddim::model_call& call) noexcept {
    const float* input = static_cast<const float*>(call.input);
    float* output = static_cast<float*>(call.output);
    for (std::int64_t i = 0; i < call.rows * call.elements; ++i) output[i] = input[i];
    return 0;
}

int main() {
    ddim::sampler_config config;
    config.plan = plan;
    config.dims = dims;
    config.arena = arena;
    config.model.function = model;
    config.platform = ddim::host_backend();

    ddim::sampler sampler;
    float x[2 * 16];
    ddim::status st = sampler.init(config);
    if (st == ddim::status::ok) st = sampler.run(x, /*seed=*/42);
    std::printf("%s\n", ddim::message(st));
    return st == ddim::status::ok && std::isfinite(x[0]) ? 0 : 1;
}
