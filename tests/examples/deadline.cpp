// A robot's policy with a deadline: you keep the loop, and a run that is late is given up.
#include <chrono>
#include <cstdio>
#include <thread>
#include <utility>

#include <ddim/host.hpp>

using steady = std::chrono::steady_clock;

// 1. Constants: a flow policy, as pi0's, that makes chunks of 16 actions of 2 values.
static constexpr auto plan = ddim::ddim_plan<10>(ddim::flow_levels(10), {/*eta=*/0.0, ddim::prediction::flow});
static constexpr ddim::shape dims{/*batch=*/1, /*elements=*/16 * 2};
static constexpr std::chrono::milliseconds time_for_a_chunk{500};

// 2. Your memory: the chunk that the robot executes, and the one that is being made.
alignas(ddim::arena_alignment) static std::byte arena[ddim::arena_bytes(plan, dims)];
static float chunk[dims.elements];
static float draft[dims.elements];

// 3. Your model, called by you: no callback. This one has learnt to move to where it is told.
struct policy {
    float goal;
    int stalls_at; // the step whose call takes too long; -1: none
};

static int predict(const policy& told, const ddim::model_call& call) noexcept {
    if (call.step == told.stalls_at) std::this_thread::sleep_for(time_for_a_chunk);
    const float* input = static_cast<const float*>(call.input);
    float* velocity = static_cast<float*>(call.output);
    for (std::int64_t i = 0; i < call.rows * call.elements; ++i) velocity[i] = (input[i] - told.goal) / call.timestep;
    return 0;
}

// 4. The loop: as run() does it, but with a look at the clock after each call of the model.
static ddim::status make_draft(ddim::sampler& sampler, const policy& told, std::uint64_t seed) noexcept {
    const steady::time_point deadline = steady::now() + time_for_a_chunk;
    ddim::model_call call;
    ddim::status st = sampler.begin(draft, seed);
    while (st == ddim::status::ok && sampler.next(call)) {
        const int code = predict(told, call);
        st = steady::now() < deadline ? sampler.commit(code) : sampler.cancel();
    }
    return st;
}

int main() {
    ddim::sampler_config config;
    config.plan = plan;
    config.dims = dims;
    config.arena = arena;
    config.backend = ddim::host_backend();
    ddim::sampler sampler;
    if (const ddim::status st = sampler.init(config); st != ddim::status::ok)
        return std::printf("%s\n", ddim::message(st)), 1;

    // 5. The control ticks. The second is late: the robot keeps the chunk before. The third begins anew.
    const policy ticks[] = {{0.25f, -1}, {0.5f, 3}, {0.75f, -1}};
    std::uint64_t seed = 0;
    for (const policy& told : ticks) {
        const ddim::status st = make_draft(sampler, told, ++seed);
        if (st == ddim::status::ok) std::swap(chunk, draft);
        std::printf("goal %.2f: %s, %d of %d steps; the robot moves to %.2f\n", static_cast<double>(told.goal),
                    ddim::message(st), sampler.steps_done(), plan.steps, static_cast<double>(chunk[0]));
        if (st != ddim::status::ok && st != ddim::status::cancelled) return 1;
    }
    return 0;
}
