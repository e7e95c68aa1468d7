// sizes_host.cpp says how.
#include "ddim/cuda.hpp"

namespace {
constexpr auto schedule = ddim::scaled_linear_schedule<1000>(0.00085, 0.012);
constexpr auto policy = ddim::ddim_plan<10>(schedule, {});
constexpr auto image = ddim::ddim_plan<50>(schedule, {});
constexpr ddim::guidance batched = ddim::guidance::batched;
constexpr ddim::element_type half = ddim::element_type::float16;
} // namespace

extern "C" {
char size_of_cuda_graph[sizeof(ddim::cuda_graph)];

// With room for the plan.
char arena_of_1x16x2_float32[ddim::cuda_arena_bytes(policy, {1, 16 * 2})];
char arena_of_1x64x14_float32[ddim::cuda_arena_bytes(policy, {1, 64 * 14})];
char arena_of_1x4x64x64_guided_float16[ddim::cuda_arena_bytes(image, {1, 4 * 64 * 64}, batched, half)];
char arena_of_4x4x64x64_guided_float16[ddim::cuda_arena_bytes(image, {4, 4 * 64 * 64}, batched, half)];
}
