// Runs on a stream, and runs as graphs.
#include "ddim/cuda.hpp"
#include "kernels.hpp"

namespace ddim {

namespace {

bool is_ours(const sampler& source) noexcept { return source.config().backend.load == &detail::cuda_load; }

/// Where the sampler puts its plan, and the kernels read it.
const std::byte* plan_of(const sampler& source) noexcept {
    return source.config().arena.data + source.layout().plan_rows;
}

/// Which steps ask for both predictions, as cuda_graph::guided_steps says it.
std::uint64_t guided_steps_of(const sampler& source) noexcept {
    const int steps = source.config().plan.steps;
    std::uint64_t bits = 0, hash = 0xCBF29CE484222325;
    for (int step = 0; step < steps; ++step) {
        const std::uint64_t is_guided = source.is_guided(step) ? 1 : 0;
        bits |= is_guided << (step % 64);
        hash = (hash ^ is_guided) * 0x100000001B3;
    }
    return steps <= 64 ? bits : hash;
}

bool lists_scales(const sampler& source) noexcept { return source.config().guidance_scales.data != nullptr; }

status fail(cuda_graph& graph, status why, int code) noexcept {
    graph.last_code = code;
    return why;
}

status checked(cuda_graph& graph, cudaError_t code) noexcept {
    graph.last_code = detail::reported(code);
    return code == cudaSuccess ? status::ok : status::backend_failed;
}

/// The nodes that the next captured node depends on. Every captured node changes them.
struct capture_end {
    cudaGraphNode_t last = nullptr; ///< the first of them
    std::size_t count = 0;
};

status find_end(cudaStream_t stream, cuda_graph& graph, capture_end& end) noexcept {
    cudaStreamCaptureStatus under_way = cudaStreamCaptureStatusNone;
    const cudaGraphNode_t* nodes = nullptr;
#if CUDART_VERSION >= 13000
    const cudaError_t code =
        cudaStreamGetCaptureInfo(stream, &under_way, nullptr, nullptr, &nodes, nullptr, &end.count);
#else
    const cudaError_t code = cudaStreamGetCaptureInfo_v2(stream, &under_way, nullptr, nullptr, &nodes, &end.count);
#endif
    end.last = code == cudaSuccess && end.count > 0 ? nodes[0] : nullptr;
    return checked(graph, code);
}

/// One call of the model, whose work must become part of the graph: it may not go to another stream, nor be left out.
status capture_call(sampler& source, const model_call& call, cudaStream_t stream, cuda_graph& graph) noexcept {
    const model_ref& model = source.config().model;
    capture_end before, after;
    status state = find_end(stream, graph, before);
    if (state != status::ok) return state;
    const int code = model.function(model.context, call);
    if (code == 0) state = find_end(stream, graph, after);
    if (state != status::ok) return state;
    const bool is_captured = before.last != after.last || before.count != after.count;
    model_call again; // handed out as long as the run goes on: the model may have ended it
    if (code == 0 && !is_captured && source.next(again)) return status::model_not_captured;
    state = source.commit(code);
    return state == status::ok ? state : fail(graph, state, source.last_code());
}

status capture_run(sampler& source, span<float> x, cudaStream_t stream, cuda_graph& graph) noexcept {
    status state = source.begin_loaded(x, stream);
    if (state != status::ok) return fail(graph, state, source.last_code());
    model_call call;
    while (state == status::ok && source.next(call)) state = capture_call(source, call, stream, graph);
    if (state != status::ok) (void)source.cancel(); // where the sampler has not seen the failure
    return state;
}

/// The run as nodes of `nodes`, which is the caller's to destroy, also after a failure.
status capture_nodes(sampler& source, span<float> x, cudaStream_t stream, cuda_graph& graph,
                     cudaGraph_t& nodes) noexcept {
    // Other threads of the caller's go on allocating and waiting as they please.
    const status begun = checked(graph, cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    if (begun != status::ok) return begun;
    const status ran = capture_run(source, x, stream, graph);
    const int code = graph.last_code;
    const status ended = checked(graph, cudaStreamEndCapture(stream, &nodes));
    return ran == status::ok ? ended : fail(graph, ran, code);
}

status instantiate(cudaGraph_t nodes, cudaStream_t stream, cuda_graph& graph) noexcept {
    status state = checked(graph, cudaGraphInstantiateWithFlags(&graph.exec, nodes, 0));
    if (state != status::ok) graph.exec = nullptr;
    // Now rather than within the first launch.
    if (state == status::ok) state = checked(graph, cudaGraphUpload(graph.exec, stream));
    return state;
}

} // namespace

status enqueue(sampler& source, span<float> x, std::uint64_t seed, cudaStream_t stream) noexcept {
    return is_ours(source) ? source.run(x, seed, stream) : status::backend_mismatch;
}

int cuda_copy(float* target, const float* source, std::int64_t count, void* stream) noexcept {
    const std::size_t bytes = static_cast<std::size_t>(count) * sizeof(float);
    return detail::reported(
        cudaMemcpyAsync(target, source, bytes, cudaMemcpyDeviceToDevice, static_cast<cudaStream_t>(stream)));
}

status capture(sampler& source, span<float> x, std::uint64_t seed, cudaStream_t stream, cuda_graph& graph) noexcept {
    graph.last_code = 0;
    if (!is_ours(source)) return status::backend_mismatch;
    if (graph.exec != nullptr) return status::graph_occupied;
    if (source.config().model.function == nullptr) return status::model_missing;
    // In a capture of the caller's, the plan would become a part of that.
    cudaStreamCaptureStatus under_way = cudaStreamCaptureStatusNone;
    const status asked = checked(graph, cudaStreamIsCapturing(stream, &under_way));
    if (asked != status::ok) return asked;
    if (under_way != cudaStreamCaptureStatusNone) return fail(graph, status::backend_failed, cudaErrorIllegalState);
    const status loaded = source.load(seed, stream);
    if (loaded != status::ok) return fail(graph, loaded, source.last_code());

    cudaGraph_t nodes = nullptr;
    status state = capture_nodes(source, x, stream, graph, nodes);
    if (state == status::ok) state = instantiate(nodes, stream, graph);
    if (nodes != nullptr) {
        const int code = detail::reported(cudaGraphDestroy(nodes));
        if (state == status::ok && code != 0) state = fail(graph, status::backend_failed, code);
    }
    if (state != status::ok) {
        if (graph.exec != nullptr) (void)detail::reported(cudaGraphExecDestroy(graph.exec));
        graph.exec = nullptr;
        return state;
    }
    graph.plan = plan_of(source);
    graph.steps = source.config().plan.steps;
    graph.guided_steps = guided_steps_of(source);
    graph.lists_scales = lists_scales(source);
    return status::ok;
}

status launch(cuda_graph& graph, cudaStream_t stream) noexcept {
    graph.last_code = 0;
    if (graph.exec == nullptr) return status::graph_empty;
    const cudaError_t earlier = cudaPeekAtLastError(); // as before a run: see cuda_load
    if (earlier != cudaSuccess) return fail(graph, status::backend_failed, earlier);
    return checked(graph, cudaGraphLaunch(graph.exec, stream));
}

status update(cuda_graph& graph, sampler& source, std::uint64_t seed, cudaStream_t stream) noexcept {
    graph.last_code = 0;
    if (!is_ours(source)) return status::backend_mismatch;
    if (graph.exec == nullptr) return status::graph_empty;
    const bool matches = plan_of(source) == graph.plan && source.config().plan.steps == graph.steps &&
                         guided_steps_of(source) == graph.guided_steps && lists_scales(source) == graph.lists_scales;
    if (!matches) return status::graph_mismatch;
    const status loaded = source.load(seed, stream);
    return loaded == status::ok ? status::ok : fail(graph, loaded, source.last_code());
}

status destroy(cuda_graph& graph) noexcept {
    graph.last_code = 0;
    if (graph.exec == nullptr) return status::ok;
    const cudaGraphExec_t exec = graph.exec;
    graph.exec = nullptr;
    return checked(graph, cudaGraphExecDestroy(exec));
}

} // namespace ddim
