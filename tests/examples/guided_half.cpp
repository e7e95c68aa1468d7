// Classifier-free guidance in one call, with a model whose input and output are 16 bits wide.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include <ddim/host.hpp>

// 1. Constants: what decides the size of the memory stands beside the plan.
static constexpr auto schedule = ddim::scaled_linear_schedule<1000>(0.00085, 0.012);
static constexpr auto timesteps = ddim::spaced_timesteps<20>(ddim::spacing::trailing, 1000);
static constexpr auto plan = ddim::ddim_plan<20>(ddim::schedule_levels(schedule, timesteps, ddim::final_alpha::one));
static constexpr ddim::shape dims{/*batch=*/2, /*elements=*/4 * 16 * 16};
static constexpr auto mode = ddim::guidance::batched; // one call on twice the batch
static constexpr auto type = ddim::element_type::float16;

// 2. Your memory. The state stays float32.
alignas(ddim::arena_alignment) static std::byte arena[ddim::arena_bytes(plan, dims, mode, type)];
static float x[dims.batch * dims.elements];

// 3. Your model. This one has learnt that every value of a sample is what its prompt says, and 0.25 without a prompt.
struct prompts {
    float value[dims.batch];
};

static int denoise(void* context, const ddim::model_call& call) noexcept {
    const prompts& asked = *static_cast<const prompts*>(context);
    // The unconditional rows come first. A step of scale 1 has none.
    const std::int64_t unconditional = call.which == ddim::branch::both ? call.rows / 2 : 0;
    const float a = schedule.values[call.timestep_index]; // alphas_cumprod
    const auto* input = static_cast<const ddim::half*>(call.input);
    auto* epsilon = static_cast<ddim::half*>(call.output);
    for (std::int64_t row = 0; row < call.rows; ++row) {
        const float learnt = row < unconditional ? 0.25f : asked.value[row - unconditional];
        for (std::int64_t i = row * call.elements; i < (row + 1) * call.elements; ++i) {
            const float value = ddim::widen(input[i]);
            epsilon[i] = ddim::narrow<ddim::half>((value - std::sqrt(a) * learnt) / std::sqrt(1.0f - a));
        }
    }
    return 0;
}

int main() {
    prompts asked{{0.5f, 0.0f}};
    ddim::sampler_config config;
    config.plan = plan;
    config.dims = dims;
    config.mode = mode;
    config.guidance_scale = 3.0f;
    config.model_type = type;
    config.arena = arena;
    config.model = {denoise, &asked};
    config.backend = ddim::host_backend();

    ddim::sampler sampler;
    ddim::status st = sampler.init(config);
    if (st == ddim::status::ok) st = sampler.run(x, /*seed=*/42);
    std::printf("%s\n", ddim::message(st));
    if (st != ddim::status::ok) return 1;

    // 4. Guidance leads away from what the model says without a prompt: 0.25 + 3 (0.5 - 0.25) = 1, and -0.5.
    for (std::int64_t sample = 0; sample < dims.batch; ++sample) {
        const float* first = x + sample * dims.elements;
        const auto range = std::minmax_element(first, first + dims.elements);
        std::printf("sample %d: %.2f .. %.2f\n", static_cast<int>(sample), static_cast<double>(*range.first),
                    static_cast<double>(*range.second));
    }
    return 0;
}
