#include <cstdio>

#include <ddim/cuda.hpp>

// 1. Constants, as on the host. The second plan has the same length: it can take the first one's place in a graph.
static constexpr auto schedule = ddim::scaled_linear_schedule<1000>(0.00085, 0.012);
static constexpr auto plan = ddim::ddim_plan<50>(schedule, {/*eta=*/0.0});
static constexpr auto noisy = ddim::ddim_plan<50>(schedule, {/*eta=*/1.0});
static constexpr ddim::shape dims{/*batch=*/1, /*elements=*/4 * 64 * 64};

// 2. Your memory on the device; its size is a constant expression, with room for the plan.
alignas(ddim::arena_alignment) __device__ std::byte arena[ddim::cuda_arena_bytes(plan, dims)];
__device__ float state[4 * 64 * 64];

// 3. Your model: it enqueues its work on the run's stream. It takes the timestep from device memory, so that a graph
//    can be given another plan. This one has learnt that every value is 0.5.
__device__ constexpr auto device_schedule = schedule;
__global__ void predict(const float* input, const float* timestep, float* epsilon, std::int64_t count) {
    const std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
    const float a = device_schedule.values[static_cast<int>(*timestep)]; // alphas_cumprod
    if (i < count) epsilon[i] = (input[i] - sqrtf(a) * 0.5f) / sqrtf(1.0f - a);
}

static int denoise(void*, const ddim::model_call& call) noexcept {
    const std::int64_t count = call.rows * call.elements;
    const auto blocks = static_cast<unsigned>((count + 255) / 256);
    predict<<<blocks, 256, 0, static_cast<cudaStream_t>(call.stream)>>>(
        static_cast<const float*>(call.input), call.row_timesteps, static_cast<float*>(call.output), count);
    return cudaGetLastError(); // or a code of yours: it ends the run, and the sampler keeps it
}

int main() {
    void *arena_at = nullptr, *state_at = nullptr;
    cudaStream_t stream = nullptr;
    cudaError_t code = cudaGetSymbolAddress(&arena_at, arena);
    if (code == cudaSuccess) code = cudaGetSymbolAddress(&state_at, state);
    if (code == cudaSuccess) code = cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
    if (code != cudaSuccess) return std::printf("no GPU: %s\n", cudaGetErrorString(code)), 1;

    ddim::sampler_config config;
    config.plan = plan;
    config.dims = dims;
    config.arena = {static_cast<std::byte*>(arena_at), sizeof arena};
    config.model = {denoise, nullptr};
    config.backend = ddim::cuda_backend();
    ddim::sampler sampler;
    ddim::status st = sampler.init(config); // loads the kernels; later calls only enqueue

    // A run, submitted and not waited for.
    const ddim::span<float> x{static_cast<float*>(state_at), 4 * 64 * 64};
    if (st == ddim::status::ok) st = ddim::enqueue(sampler, x, /*seed=*/42, stream);

    // The run as a graph, captured once. A launch is one call; update() changes what the next ones compute.
    ddim::cuda_graph graph;
    if (st == ddim::status::ok) st = ddim::capture(sampler, x, /*seed=*/42, stream, graph);
    if (st == ddim::status::ok) st = ddim::launch(graph, stream);

    if (st == ddim::status::ok) st = sampler.set_plan(noisy);
    if (st == ddim::status::ok) st = ddim::update(graph, sampler, /*seed=*/43, stream);
    if (st == ddim::status::ok) st = ddim::launch(graph, stream);

    // Waiting is yours.
    float first = 0.0f;
    code = cudaMemcpyAsync(&first, state_at, sizeof first, cudaMemcpyDeviceToHost, stream);
    if (code == cudaSuccess) code = cudaStreamSynchronize(stream);
    std::printf("%s, %s: x[0] = %.2f\n", ddim::message(st), cudaGetErrorString(code), static_cast<double>(first));
    const bool ended = ddim::destroy(graph) == ddim::status::ok && cudaStreamDestroy(stream) == cudaSuccess;
    return st == ddim::status::ok && code == cudaSuccess && ended ? 0 : 1;
}
