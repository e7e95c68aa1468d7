// Digits on a GPU. A request is one run, however many digits it asks for: the noise of a digit depends on its number,
// not on how the request is divided, so the host makes the same digits in runs of 50. The run is captured as a graph
// and launched once.
#include <cstdio>

#include "backends.hpp"
#include "cuda_denoiser.hpp"
#include "ddim/cuda.hpp"
#include "support/heap_counter.hpp"

namespace digits {

namespace {

constexpr ddim::arena_layout layout_of_largest() noexcept {
    ddim::plan_view longest;
    longest.steps = most_steps;
    ddim::arena_extras extras;
    extras.holds_plan = true;
    return ddim::carve_arena(longest, {most_digits, pixels}, ddim::guidance::batched, ddim::element_type::float32,
                             extras);
}

alignas(ddim::arena_alignment) __device__ std::byte arena[layout_of_largest().bytes];
__device__ float images[most_digits * pixels];

/// Where the two lie, and what is to be given back in the end.
struct device_side {
    std::byte* arena = nullptr;
    float* images = nullptr;
    cudaStream_t stream = nullptr;
    ddim::cuda_graph graph;

    ~device_side() {
        (void)ddim::destroy(graph);
        if (stream != nullptr) (void)cudaStreamDestroy(stream);
    }
};

template <class Array>
cudaError_t find(Array& symbol, void* address) noexcept {
    return cudaGetSymbolAddress(static_cast<void**>(address), symbol);
}

cudaError_t prepare(device_side& device) noexcept {
    cudaError_t code = find(arena, &device.arena);
    if (code == cudaSuccess) code = find(images, &device.images);
    // Not the legacy default stream, which no capture can use.
    if (code == cudaSuccess) code = cudaStreamCreateWithFlags(&device.stream, cudaStreamNonBlocking);
    return code == cudaSuccess ? prepare_cuda_denoiser(device.stream) : code;
}

outcome failed(ddim::status why, int code) noexcept {
    return {why, cudaGetErrorString(static_cast<cudaError_t>(code))};
}

std::size_t values_of(const request& order) noexcept { return static_cast<std::size_t>(order.digits) * pixels; }

/// Makes the graph.
outcome capture(const request& order, device_side& device) noexcept {
    ddim::sampler_config config;
    config.plan = order.plan;
    config.dims = {order.digits, pixels};
    config.mode = ddim::guidance::batched;
    config.guidance_scale = order.asked.guidance;
    config.arena = {device.arena, sizeof arena};
    config.model = {&cuda_denoise, const_cast<request*>(&order)};
    config.backend = ddim::cuda_backend();
    ddim::sampler sampler; // needed no longer than for the capture
    const ddim::status ready = sampler.init(config);
    if (ready != ddim::status::ok) return failed(ready, sampler.last_code());
    const ddim::status captured =
        ddim::capture(sampler, {device.images, values_of(order)}, order.asked.seed, device.stream, device.graph);
    return captured == ddim::status::ok ? outcome{} : failed(captured, device.graph.last_code);
}

/// Launches the graph and waits for the digits to be there.
outcome launch(device_side& device) noexcept {
    const ddim::status launched = ddim::launch(device.graph, device.stream);
    if (launched != ddim::status::ok) return failed(launched, device.graph.last_code);
    const cudaError_t code = cudaStreamSynchronize(device.stream);
    return code == cudaSuccess ? outcome{} : failed(ddim::status::backend_failed, code);
}

outcome fetch(const request& order, const device_side& device) noexcept {
    const cudaError_t code =
        cudaMemcpy(order.images, device.images, values_of(order) * sizeof(float), cudaMemcpyDeviceToHost);
    return code == cudaSuccess ? outcome{} : failed(ddim::status::backend_failed, code);
}

void name_place(report& result) noexcept {
    cudaDeviceProp properties{};
    int device = 0;
    if (cudaGetDevice(&device) == cudaSuccess) (void)cudaGetDeviceProperties(&properties, device);
    std::snprintf(result.place, sizeof result.place, "cuda (%s)", properties.name);
}

} // namespace

outcome run_on_cuda(const request& order, report& result) noexcept {
    device_side device;
    const long heap_before = heap_counter::calls();
    const double start = seconds_now();
    const cudaError_t prepared = prepare(device);
    if (prepared != cudaSuccess) return failed(ddim::status::backend_unavailable, prepared);
    outcome end = capture(order, device);
    if (end.state != ddim::status::ok) return end;
    const cudaError_t settled = cudaStreamSynchronize(device.stream); // what set-up enqueued is no time of the run
    if (settled != cudaSuccess) return failed(ddim::status::backend_failed, settled);

    const long heap_captured = heap_counter::calls();
    const double captured = seconds_now();
    end = launch(device);
    const double done = seconds_now();
    const long heap_done = heap_counter::calls();
    if (end.state == ddim::status::ok) end = fetch(order, device);

    name_place(result);
    result.durations[0] = {"time to set up", captured - start};
    result.durations[1] = {"time of the run", done - captured};
    result.arena_bytes = sizeof arena;
    result.heap[0] = {"heap calls in set-up", heap_captured - heap_before, ", CUDA's own"};
    result.heap[1] = {"heap calls in the run", heap_done - heap_captured, ", CUDA's own"};
    return end;
}

} // namespace digits
