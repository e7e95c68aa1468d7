#include "call_shim.hpp"

#include <vector>

namespace call_shim {

namespace {

bool is_armed = false;
int pauses = 0;
int calls = 0;
int fails_at = 0;
cudaError_t code_to_fail_with = cudaSuccess;
cudaError_t pending = cudaSuccess; ///< what a failed call leaves for cudaGetLastError
std::string failed_name;
bool is_memory_elsewhere = false;
int graphs = 0, execs = 0;
node_counts last_nodes;

/// Whether the call that is being made is the one to fail.
bool fails(const char* name) {
    if (!is_armed || pauses > 0) return false;
    if (++calls != fails_at) return false;
    failed_name = name;
    pending = code_to_fail_with;
    return true;
}

void count_nodes(cudaGraph_t graph) {
    std::size_t size = 0;
    (void)cudaGraphGetNodes(graph, nullptr, &size);
    std::vector<cudaGraphNode_t> nodes(size);
    (void)cudaGraphGetNodes(graph, nodes.data(), &size);
    last_nodes = {};
    for (const cudaGraphNode_t node : nodes) {
        cudaGraphNodeType type = cudaGraphNodeTypeCount;
        (void)cudaGraphNodeGetType(node, &type);
        ++(type == cudaGraphNodeTypeKernel ? last_nodes.kernels : last_nodes.others);
    }
}

} // namespace

void arm(int k, cudaError_t code) {
    is_armed = true;
    calls = 0;
    fails_at = k;
    code_to_fail_with = code;
    failed_name.clear();
}

int disarm() {
    is_armed = false;
    return calls;
}

void move_device_memory(bool is_elsewhere) { is_memory_elsewhere = is_elsewhere; }

const std::string& failed_call() { return failed_name; }

pause::pause() { ++pauses; }
pause::~pause() { --pauses; }

int live_graphs() { return graphs; }
int live_execs() { return execs; }
node_counts instantiated_nodes() { return last_nodes; }

} // namespace call_shim

// The linker turns a call of F into __wrap_F, and one of __real_F into F.

extern "C" {

using namespace call_shim;

cudaError_t __real_cudaGetLastError();
cudaError_t __wrap_cudaGetLastError() {
    const cudaError_t code = pending;
    pending = cudaSuccess;
    return code != cudaSuccess ? code : __real_cudaGetLastError();
}

// Fails like any other, but then it is an error of earlier work, which stays.
cudaError_t __real_cudaPeekAtLastError();
cudaError_t __wrap_cudaPeekAtLastError() {
    if (fails("cudaPeekAtLastError") || pending != cudaSuccess) return pending;
    return __real_cudaPeekAtLastError();
}

cudaError_t __real_cudaLaunchKernel(const void*, dim3, dim3, void**, std::size_t, cudaStream_t);
cudaError_t __wrap_cudaLaunchKernel(const void* function, dim3 grid, dim3 block, void** arguments, std::size_t shared,
                                    cudaStream_t stream) {
    if (fails("cudaLaunchKernel")) return pending;
    return __real_cudaLaunchKernel(function, grid, block, arguments, shared, stream);
}

cudaError_t __real_cudaMemcpyAsync(void*, const void*, std::size_t, cudaMemcpyKind, cudaStream_t);
cudaError_t __wrap_cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                                   cudaStream_t stream) {
    return fails("cudaMemcpyAsync") ? pending : __real_cudaMemcpyAsync(to, from, bytes, kind, stream);
}

cudaError_t __real_cudaFuncGetAttributes(cudaFuncAttributes*, const void*);
cudaError_t __wrap_cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void* function) {
    return fails("cudaFuncGetAttributes") ? pending : __real_cudaFuncGetAttributes(attributes, function);
}

cudaError_t __real_cudaPointerGetAttributes(cudaPointerAttributes*, const void*);
cudaError_t __wrap_cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* pointer) {
    if (fails("cudaPointerGetAttributes")) return pending;
    const cudaError_t code = __real_cudaPointerGetAttributes(attributes, pointer);
    if (is_memory_elsewhere && code == cudaSuccess && attributes->type == cudaMemoryTypeDevice) ++attributes->device;
    return code;
}

cudaError_t __real_cudaGetDevice(int*);
cudaError_t __wrap_cudaGetDevice(int* device) {
    return fails("cudaGetDevice") ? pending : __real_cudaGetDevice(device);
}

cudaError_t __real_cudaDeviceGetAttribute(int*, cudaDeviceAttr, int);
cudaError_t __wrap_cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
    return fails("cudaDeviceGetAttribute") ? pending : __real_cudaDeviceGetAttribute(value, attribute, device);
}

cudaError_t __real_cudaStreamBeginCapture(cudaStream_t, cudaStreamCaptureMode);
cudaError_t __wrap_cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) {
    return fails("cudaStreamBeginCapture") ? pending : __real_cudaStreamBeginCapture(stream, mode);
}

cudaError_t __real_cudaStreamIsCapturing(cudaStream_t, cudaStreamCaptureStatus*);
cudaError_t __wrap_cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
    return fails("cudaStreamIsCapturing") ? pending : __real_cudaStreamIsCapturing(stream, status);
}

#if CUDART_VERSION >= 13000
cudaError_t __real_cudaStreamGetCaptureInfo(cudaStream_t, cudaStreamCaptureStatus*, unsigned long long*, cudaGraph_t*,
                                            const cudaGraphNode_t**, const cudaGraphEdgeData**, std::size_t*);
cudaError_t __wrap_cudaStreamGetCaptureInfo(cudaStream_t stream, cudaStreamCaptureStatus* status,
                                            unsigned long long* id, cudaGraph_t* graph, const cudaGraphNode_t** nodes,
                                            const cudaGraphEdgeData** edges, std::size_t* count) {
    if (fails("cudaStreamGetCaptureInfo")) return pending;
    return __real_cudaStreamGetCaptureInfo(stream, status, id, graph, nodes, edges, count);
}
#else
cudaError_t __real_cudaStreamGetCaptureInfo_v2(cudaStream_t, cudaStreamCaptureStatus*, unsigned long long*,
                                               cudaGraph_t*, const cudaGraphNode_t**, std::size_t*);
cudaError_t __wrap_cudaStreamGetCaptureInfo_v2(cudaStream_t stream, cudaStreamCaptureStatus* status,
                                               unsigned long long* id, cudaGraph_t* graph,
                                               const cudaGraphNode_t** nodes, std::size_t* count) {
    if (fails("cudaStreamGetCaptureInfo_v2")) return pending;
    return __real_cudaStreamGetCaptureInfo_v2(stream, status, id, graph, nodes, count);
}
#endif

// A capture whose end fails has ended all the same, and leaves no graph.
cudaError_t __real_cudaGraphDestroy(cudaGraph_t);
cudaError_t __real_cudaStreamEndCapture(cudaStream_t, cudaGraph_t*);
cudaError_t __wrap_cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
    const bool is_failed = fails("cudaStreamEndCapture");
    const cudaError_t code = __real_cudaStreamEndCapture(stream, graph);
    if (!is_failed) {
        graphs += *graph != nullptr ? 1 : 0;
        return code;
    }
    if (*graph != nullptr) (void)__real_cudaGraphDestroy(*graph);
    *graph = nullptr;
    return pending;
}

cudaError_t __real_cudaGraphInstantiateWithFlags(cudaGraphExec_t*, cudaGraph_t, unsigned long long);
cudaError_t __wrap_cudaGraphInstantiateWithFlags(cudaGraphExec_t* exec, cudaGraph_t graph, unsigned long long flags) {
    if (fails("cudaGraphInstantiateWithFlags")) return pending;
    count_nodes(graph);
    const cudaError_t code = __real_cudaGraphInstantiateWithFlags(exec, graph, flags);
    execs += code == cudaSuccess ? 1 : 0;
    return code;
}

cudaError_t __real_cudaGraphUpload(cudaGraphExec_t, cudaStream_t);
cudaError_t __wrap_cudaGraphUpload(cudaGraphExec_t exec, cudaStream_t stream) {
    return fails("cudaGraphUpload") ? pending : __real_cudaGraphUpload(exec, stream);
}

cudaError_t __real_cudaGraphLaunch(cudaGraphExec_t, cudaStream_t);
cudaError_t __wrap_cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream) {
    return fails("cudaGraphLaunch") ? pending : __real_cudaGraphLaunch(exec, stream);
}

// What fails while it gives back has given back: CUDA reports errors of earlier work there.
cudaError_t __wrap_cudaGraphDestroy(cudaGraph_t graph) {
    --graphs;
    const bool is_failed = fails("cudaGraphDestroy");
    const cudaError_t code = __real_cudaGraphDestroy(graph);
    return is_failed ? pending : code;
}

cudaError_t __real_cudaGraphExecDestroy(cudaGraphExec_t);
cudaError_t __wrap_cudaGraphExecDestroy(cudaGraphExec_t exec) {
    --execs;
    const bool is_failed = fails("cudaGraphExecDestroy");
    const cudaError_t code = __real_cudaGraphExecDestroy(exec);
    return is_failed ? pending : code;
}
}
