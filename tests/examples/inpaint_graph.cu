// Inpainting on a GPU: part of the sample is known. The run is captured once and launched for two seeds.
#include <cstdio>

#include <ddim/cuda.hpp>

// 1. Constants.
static constexpr auto schedule = ddim::scaled_linear_schedule<1000>(0.00085, 0.012);
static constexpr auto plan = ddim::ddim_plan<20>(schedule, {/*eta=*/1.0});
static constexpr int positions = 32 * 32, values = 4 * positions; // channels x height x width
static constexpr ddim::shape dims{/*batch=*/1, values};

// 2. Your memory on the device, and the host's copy of what goes there and comes back.
alignas(ddim::arena_alignment) __device__ std::byte arena[ddim::cuda_arena_bytes(plan, dims)];
__device__ float state[values], known[values], mask[positions]; // the mask is repeated over the channels
static float host_known[values], host_mask[positions], samples[2][values];

template <class Type, std::size_t Count>
static ddim::span<Type> on_device(Type (&symbol)[Count]) {
    void* at = nullptr;
    if (cudaGetSymbolAddress(&at, symbol) != cudaSuccess) return {};
    return {static_cast<Type*>(at), Count};
}

// 3. Your model: this one has learnt that every value is 0.5.
__device__ constexpr auto device_schedule = schedule;
__global__ void predict(const float* input, const float* timestep, float* epsilon, std::int64_t count) {
    const std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
    const float a = device_schedule.values[static_cast<int>(*timestep)]; // alphas_cumprod
    if (i < count) epsilon[i] = (input[i] - sqrtf(a) * 0.5f) / sqrtf(1.0f - a);
}

static int denoise(void*, const ddim::model_call& call) noexcept {
    const std::int64_t count = call.rows * call.elements;
    predict<<<static_cast<unsigned>((count + 255) / 256), 256, 0, static_cast<cudaStream_t>(call.stream)>>>(
        static_cast<const float*>(call.input), call.row_timesteps, static_cast<float*>(call.output), count);
    return cudaGetLastError();
}

int main() {
    cudaStream_t stream = nullptr;
    cudaError_t code = cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
    if (code != cudaSuccess) return std::printf("no GPU: %s\n", cudaGetErrorString(code)), 1;

    // 4. What is known: the left half. This convention's mask is 1 where values are made anew.
    for (int i = 0; i < positions; ++i) host_mask[i] = i % 32 < 16 ? 0.0f : 1.0f;
    for (int i = 0; i < values; ++i) host_known[i] = static_cast<float>(i % 7) / 7.0f;
    const ddim::span<float> x = on_device(state);
    ddim::sampler_config config;
    config.plan = plan;
    config.dims = dims;
    config.arena = on_device(arena);
    config.model = {denoise, nullptr};
    config.backend = ddim::cuda_backend();
    config.known = ddim::diffusers_inpainting(); // ends exact
    config.known.mask = on_device(mask);
    config.known.x0 = on_device(known);
    code = cudaMemcpyToSymbolAsync(mask, host_mask, sizeof mask, 0, cudaMemcpyHostToDevice, stream);
    if (code == cudaSuccess)
        code = cudaMemcpyToSymbolAsync(known, host_known, sizeof known, 0, cudaMemcpyHostToDevice, stream);

    // 5. A first run loads the model's kernel. Then the graph: one launch for each seed.
    ddim::sampler sampler;
    ddim::cuda_graph graph;
    ddim::status st = sampler.init(config);
    if (st == ddim::status::ok) st = ddim::enqueue(sampler, x, /*seed=*/1, stream);
    if (st == ddim::status::ok) st = ddim::capture(sampler, x, /*seed=*/1, stream, graph);
    for (std::uint64_t seed = 1; seed <= 2; ++seed) {
        if (st == ddim::status::ok) st = ddim::update(graph, sampler, seed, stream);
        if (st == ddim::status::ok) st = ddim::launch(graph, stream);
        if (code == cudaSuccess)
            code = cudaMemcpyAsync(samples[seed - 1], x.data, sizeof state, cudaMemcpyDeviceToHost, stream);
    }
    if (code == cudaSuccess) code = cudaStreamSynchronize(stream);

    // 6. The known half is exactly what it was; the other half is the model's, and each seed has its own.
    int kept = 0, differing = 0;
    for (int i = 0; i < values; ++i) {
        const bool is_known = host_mask[i % positions] < 0.5f;
        kept += is_known && samples[0][i] == host_known[i] && samples[1][i] == host_known[i];
        differing += samples[0][i] != samples[1][i];
    }
    std::printf("%s, %s: %d values kept, %d differ between the seeds, x[31] = %.1f\n", ddim::message(st),
                cudaGetErrorString(code), kept, differing, static_cast<double>(samples[1][31]));
    const bool ended = ddim::destroy(graph) == ddim::status::ok && cudaStreamDestroy(stream) == cudaSuccess;
    return st == ddim::status::ok && code == cudaSuccess && ended ? 0 : 1;
}
