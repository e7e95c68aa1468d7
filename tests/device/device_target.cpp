#include "device_target.hpp"

#include <doctest/doctest.h>

namespace device_tests {

namespace {

int call_analytic(void* context, const ddim::model_call& call) noexcept {
    const analytic_context& model = *static_cast<const analytic_context*>(context);
    golden::analytic_job job = model.on_host.job_of(call);
    job.conditional_means = model.conditional_means;
    job.unconditional_means = model.unconditional_means;
    return enqueue_analytic_model(job, call);
}

void require(cudaError_t code) {
    if (code != cudaSuccess) FAIL(cudaGetErrorString(code));
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
    return {&call_analytic, &analytic_.back()};
}

ddim::status device_target::run(ddim::sampler& sampler, ddim::span<float> x, std::uint64_t seed) {
    ddim::status state = ddim::status::ok;
    switch (how_) {
    case way::plain:
    case way::legacy: state = ddim::enqueue(sampler, x, seed, stream_); break;
    case way::captured: state = run_captured(sampler, x, seed); break;
    case way::nested: state = run_nested(sampler, x, seed); break;
    }
    require(cudaStreamSynchronize(stream_));
    return state;
}

ddim::status device_target::run_captured(ddim::sampler& sampler, ddim::span<float> x, std::uint64_t seed) {
    ddim::cuda_graph graph;
    ddim::status state = ddim::capture(sampler, x, seed + 1, stream_, graph);
    if (state == ddim::status::ok) state = ddim::update(graph, sampler, seed, stream_);
    if (state == ddim::status::ok) state = ddim::launch(graph, stream_);
    require(cudaStreamSynchronize(stream_));
    CHECK(ddim::destroy(graph) == ddim::status::ok);
    return state;
}

ddim::status device_target::run_nested(ddim::sampler& sampler, ddim::span<float> x, std::uint64_t seed) {
    cudaGraph_t graph;
    cudaGraphExec_t exec;
    require(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeGlobal));
    const ddim::status state = ddim::enqueue(sampler, x, seed, stream_);
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
