// Links the CUDA backend. Without a GPU, init says so.
#include <cstddef>
#include <cstdio>

#include <ddim/cuda.hpp>

static constexpr auto schedule = ddim::scaled_linear_schedule<1000>(0.00085, 0.012);
static constexpr auto plan = ddim::ddim_plan<50>(schedule, {});
static constexpr ddim::shape dims{/*batch=*/2, /*elements=*/16};
alignas(ddim::arena_alignment) static std::byte host_memory[ddim::cuda_arena_bytes(plan, dims)];

int main() {
    ddim::sampler_config config;
    config.plan = plan;
    config.dims = dims;
    config.arena = host_memory; // which no GPU of ours accepts as an arena, or every one does
    config.backend = ddim::cuda_backend();

    ddim::sampler sampler;
    const ddim::status state = sampler.init(config);
    std::printf("%s\n", ddim::message(state));
    return state == ddim::status::ok || state == ddim::status::backend_unavailable ? 0 : 1;
}
