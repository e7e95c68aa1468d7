// A user's program that includes every header (CUDA's where it is there) and calls every builder, as a constant and
// at run time: what a template says to a compiler, it says where it is instantiated.
#include <ddim/chunking.hpp>
#include <ddim/ddpm.hpp>
#include <ddim/hooks.hpp>
#include <ddim/host.hpp>
#include <ddim/inpainting.hpp>
#include <ddim/intermediates.hpp>
#include <ddim/random.hpp>
#include <ddim/solvers.hpp>
#include <ddim/torch_noise.hpp>
#if __has_include(<cuda_runtime_api.h>)
#include <ddim/cuda.hpp>
#endif

namespace {

constexpr double own_betas[] = {0.1, 0.2, 0.3};
constexpr int own_timesteps[] = {700, 300};
constexpr ddim::timestep_pair pairs[] = {{9, 5}, {5, -1}};
constexpr ddim::timed_sigma own_sigmas[] = {{700.0, 5.0}, {300.0, 1.0}};
constexpr ddim::timed_level own_levels[] = {{1.0, 0.1, 0.9}, {0.5, 0.5, 0.5}};

constexpr auto schedule = ddim::scaled_linear_schedule<100>(0.00085, 0.012);
constexpr auto spaced = ddim::spaced_timesteps<4>(ddim::spacing::trailing, 100);
constexpr auto plan = ddim::ddim_plan<4>(schedule, {/*eta=*/1.0});
constexpr auto flow_plan = ddim::ddim_plan<4>(ddim::flow_levels(4), {0.0, ddim::prediction::flow});
constexpr ddim::shape dims{1, 16};
#if __has_include(<cuda_runtime_api.h>)
static_assert(ddim::cuda_arena_bytes(plan, dims) > ddim::arena_bytes(plan, dims));
#endif

/// 0 where every one of the tables is ok.
template <class... Tables>
constexpr int faults(const Tables&... tables) {
    return ((tables.state == ddim::status::ok ? 0 : 1) + ... + 0);
}

constexpr int schedules() {
    const auto betas = ddim::betas<100>();
    return faults(betas, ddim::given_betas(own_betas), ddim::make_schedule(betas, {2.0, true, 1e-6}),
                  ddim::ddpm_table(betas, ddim::ddpm_buffer::lvlb_weights), ddim::linear_schedule<100>(1e-4, 0.02),
                  ddim::squaredcos_cap_v2_schedule<100>(), ddim::sqrt_schedule<100>(1e-4, 0.02));
}

constexpr int timesteps() {
    return faults(spaced, ddim::open_timesteps<4>(ddim::spacing::linspace, 100),
                  ddim::listed_timesteps<2>(own_timesteps), ddim::distilled_timesteps<4>(100));
}

constexpr int levels() {
    return faults(ddim::ddim_plan<4>(ddim::stride_levels(schedule, spaced)),
                  ddim::ddim_plan<2>(ddim::paired_levels(schedule, pairs)),
                  ddim::ddim_plan<4>(
                      ddim::starting_at(ddim::interpolated_levels(schedule, 4), ddim::start_scale::unit_variance)),
                  ddim::ddim_plan<4>(ddim::told_log_sigma(ddim::karras_levels(schedule, spaced))),
                  ddim::ddim_plan<4>(ddim::exponential_levels(schedule, spaced)),
                  ddim::ddim_plan<4>(ddim::logsnr_levels(4)), ddim::ddim_plan<2>(ddim::sigma_levels(own_sigmas)),
                  ddim::ddim_plan<2>(ddim::listed_levels(own_levels), {0.0, ddim::prediction::flow}),
                  ddim::ddim_plan<2>(ddim::last_levels(ddim::schedule_levels(schedule, spaced), 2)));
}

constexpr int solvers() {
    const ddim::levels recipe = ddim::schedule_levels(schedule, spaced);
    return faults(plan, flow_plan, ddim::ddim_inverse_plan<4>(recipe), ddim::ddpm_plan<4>(recipe),
                  ddim::dpm_solver_plan<4>(recipe, {3}), ddim::unipc_plan<4>(recipe, {3}), ddim::pndm_plan<8>(recipe),
                  ddim::heun_plan<8>(recipe), ddim::lcm_plan<4>(recipe), ddim::tcd_plan<4>(recipe),
                  ddim::edm_plan<4>(), ddim::last_steps(plan, 2));
}

constexpr int chunks() {
    return faults(ddim::prefix_mask<4, 4>(2), ddim::ramp_gain<4, 4>(1, 3, 5.0), ddim::step_weights<4>(flow_plan),
                  ddim::prefix_weights<4, 4>(1, 3, ddim::prefix_schedule::exponential));
}

constexpr int constants = schedules() + timesteps() + levels() + solvers() + chunks() +
                          ddim::steps_above(schedule, 100.0) + ddim::intermediate_count(4, 5) - 3;

alignas(ddim::arena_alignment) std::byte arena[ddim::arena_bytes(plan, dims, ddim::guidance::batched)];
float x[16];

int denoise(void*, const ddim::model_call& call) noexcept {
    const auto* input = static_cast<const float*>(call.input);
    auto* output = static_cast<float*>(call.output);
    for (std::int64_t i = 0; i < call.rows * call.elements; ++i) output[i] = input[i];
    return 0;
}

int run() {
    ddim::sampler_config config;
    config.plan = plan;
    config.dims = dims;
    config.arena = arena;
    config.model = {denoise, nullptr};
    config.mode = ddim::guidance::batched;
    config.guidance_scale = 2.0f;
    config.backend = ddim::host_backend();
    ddim::sampler sampler;
    ddim::status state = sampler.init(config);
    if (state == ddim::status::ok) state = sampler.run(x, 42);
    const auto normals = ddim::normals_at(42, 0, 0, 0, ddim::noise_purpose::initial);
    return state == ddim::status::ok && normals.value[0] < 100.0f ? 0 : 1;
}

} // namespace

int main() { return constants + schedules() + timesteps() + levels() + solvers() + chunks() + run(); }
