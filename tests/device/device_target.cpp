#include "device_target.hpp"

#include <doctest/doctest.h>

namespace device_tests {

namespace {

void require(cudaError_t code) {
    if (code != cudaSuccess) FAIL(cudaGetErrorString(code));
}

/// Another guidance scale, which asks for as many predictions.
float other_scale(float scale) {
    if (scale == 1.0f) return scale;
    return scale < 2.0f ? 2.0f : 0.5f;
}

ddim::status set_scales(ddim::sampler& sampler, float scale, ddim::span<const float> scales) {
    return scales.data == nullptr ? sampler.set_guidance_scale(scale) : sampler.set_guidance_scales(scales);
}

} // namespace

device_target::device_target(way how) : how_(how) {
    if (how != way::legacy) require(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
}

device_target::~device_target() {
    for (void* block : blocks_) CHECK(cudaFree(block) == cudaSuccess);
    if (stream_ != nullptr) CHECK(cudaStreamDestroy(stream_) == cudaSuccess);
}

int device_target::copy_bytes(void* to, const void* from, std::size_t bytes, void* stream) noexcept {
    return cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, static_cast<cudaStream_t>(stream));
}

int device_target::predict(const test_support::model_job& job, void* stream) noexcept {
    return enqueue_test_model(job, stream);
}

ddim::model_ref device_target::analytic(golden::analytic_model& model) {
    analytic_.push_back({model, place(model.conditional_means), place(model.unconditional_means)});
    return {&golden::cuda_analytic_model::call, &analytic_.back()};
}

ddim::status device_target::run(ddim::sampler& sampler, ddim::span<float> x, std::uint64_t seed) {
    if (how_ == way::captured) return run_captured(sampler, x, seed);
    return drive([&](void* stream) { return ddim::enqueue(sampler, x, seed, static_cast<cudaStream_t>(stream)); });
}

ddim::status device_target::drive(const std::function<ddim::status(void* stream)>& loop) {
    if (how_ == way::captured) FAIL("capture() makes the calls of a run itself");
    const ddim::status state = how_ == way::nested ? drive_nested(loop) : loop(stream_);
    require(cudaStreamSynchronize(stream_));
    return state;
}

ddim::status device_target::run_captured(ddim::sampler& sampler, ddim::span<float> x, std::uint64_t seed) {
    const float scale = sampler.config().guidance_scale;
    const ddim::span<const float> scales = sampler.config().guidance_scales;
    std::vector<float> others(scales.data, scales.data + scales.size);
    for (float& other : others) other = other_scale(other);
    ddim::cuda_graph graph;
    ddim::status state = set_scales(sampler, other_scale(scale), {others.data(), others.size()});
    if (state == ddim::status::ok) state = ddim::capture(sampler, x, seed == 0 ? 0 : seed + 1, stream_, graph);
    if (state == ddim::status::ok) state = set_scales(sampler, scale, scales);
    if (state == ddim::status::ok) state = ddim::update(graph, sampler, seed, stream_);
    if (state == ddim::status::ok) state = ddim::launch(graph, stream_);
    require(cudaStreamSynchronize(stream_));
    CHECK(ddim::destroy(graph) == ddim::status::ok);
    return state;
}

ddim::status device_target::drive_nested(const std::function<ddim::status(void* stream)>& loop) {
    cudaGraph_t graph;
    cudaGraphExec_t exec;
    require(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeGlobal));
    const ddim::status state = loop(stream_);
    require(cudaStreamEndCapture(stream_, &graph));
    require(cudaGraphInstantiateWithFlags(&exec, graph, 0));
    require(cudaGraphLaunch(exec, stream_));
    require(cudaStreamSynchronize(stream_));
    require(cudaGraphExecDestroy(exec));
    require(cudaGraphDestroy(graph));
    return state;
}

std::byte* device_target::allocate(std::size_t bytes) {
    void* block = nullptr;
    require(cudaMalloc(&block, bytes)); // aligned to 256 bytes at least
    blocks_.push_back(block);
    return static_cast<std::byte*>(block);
}

// On the run's stream, which the legacy default stream does not wait for.
void device_target::copy_in(std::byte* to, const std::byte* from, std::size_t bytes) {
    require(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, stream_));
}

void device_target::copy_out(std::byte* to, const std::byte* from, std::size_t bytes) {
    require(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, stream_));
    require(cudaStreamSynchronize(stream_));
}

} // namespace device_tests
