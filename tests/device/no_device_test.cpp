// Where there is no device, or no driver, init says so. Needs no GPU: it runs with CUDA_VISIBLE_DEVICES empty.
#include <cstdio>

#include "ddim/cuda.hpp"

namespace {

constexpr auto schedule = ddim::scaled_linear_schedule<1000>(0.00085, 0.012);
constexpr auto plan = ddim::ddim_plan<5>(schedule);
constexpr ddim::shape dims{1, 16};
alignas(ddim::arena_alignment) std::byte arena[ddim::cuda_arena_bytes(plan, dims)];

} // namespace

int main() {
    int count = 0;
    const cudaError_t expected = cudaGetDeviceCount(&count);
    if (expected == cudaSuccess) {
        std::printf("SKIPPED: CUDA_VISIBLE_DEVICES does not hide the device\n");
        return 77;
    }
    ddim::sampler_config config;
    config.plan = plan;
    config.dims = dims;
    config.backend = ddim::cuda_backend();
    config.arena = arena;
    ddim::sampler sampler;
    const ddim::status state = sampler.init(config);
    std::printf("%s; %d, %s\n", ddim::message(state), sampler.last_code(), cudaGetErrorName(expected));
    return state == ddim::status::backend_unavailable && sampler.last_code() == expected ? 0 : 1;
}
