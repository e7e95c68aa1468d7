// Sizes as the sizes of arrays, so that they can be read from an object file of any machine: KIND_of_NAME.
#include "ddim/ddpm.hpp"
#include "ddim/host.hpp"
#include "ddim/intermediates.hpp"

namespace {
constexpr auto schedule_1000 = ddim::scaled_linear_schedule<1000>(0.00085, 0.012);
constexpr auto policy = ddim::ddim_plan<10>(schedule_1000, {});
constexpr auto image = ddim::ddim_plan<50>(schedule_1000, {});
constexpr ddim::guidance batched = ddim::guidance::batched;
constexpr ddim::element_type half = ddim::element_type::float16;
} // namespace

extern "C" {
char size_of_sampler[sizeof(ddim::sampler)];
char size_of_sampler_config[sizeof(ddim::sampler_config)];
char size_of_model_call[sizeof(ddim::model_call)];
char size_of_step_row[sizeof(ddim::step_row)];
char size_of_schedule_1000[sizeof(ddim::schedule<1000>)];
char size_of_timesteps_50[sizeof(ddim::timesteps<50>)];
char size_of_plan_50[sizeof(ddim::plan<50>)];
char size_of_arena_layout[sizeof(ddim::arena_layout)];
char size_of_inpainting[sizeof(ddim::inpainting)];
char size_of_intermediate_log[sizeof(ddim::intermediate_log)];

// A diffusion policy's action sequences, and latents of images under guidance for a half model.
char arena_of_1x16x2_float32[ddim::arena_bytes(policy, {1, 16 * 2})];
char arena_of_1x64x14_float32[ddim::arena_bytes(policy, {1, 64 * 14})];
char arena_of_1x4x64x64_guided_float16[ddim::arena_bytes(image, {1, 4 * 64 * 64}, batched, half)];
char arena_of_4x4x64x64_guided_float16[ddim::arena_bytes(image, {4, 4 * 64 * 64}, batched, half)];
}
