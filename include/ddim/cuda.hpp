// The user's include on a GPU. Readable by any C++17 compiler with CUDA's headers (CUDA 12 or newer).
//
//     enqueue(sampler, x, seed, stream)           a run: submitted, not waited for
//
//     capture(sampler, x, seed, stream, graph)    a run as a graph, once; then
//     launch(graph, stream)                       the run again, in one call
//     update(graph, sampler, seed, stream)        another seed, plan or guidance for the launches that follow
//     destroy(graph)
//
// All pointers in the sampler's config (but the plan's, the guidance scales, and the contexts of callbacks) are
// device pointers, x too. The library allocates nothing. CUDA does so itself when a context comes up (at the latest
// in init()), when a kernel is loaded (in init()) and when a graph is made (in capture()); after that, nothing here
// makes it.
#ifndef DDIM_CUDA_HPP
#define DDIM_CUDA_HPP

#include <cuda_runtime_api.h>

#include "ddim/hooks.hpp"
#include "ddim/sampler.hpp"
#include "ddim/solvers.hpp"

namespace ddim {

namespace detail {
int cuda_prepare(void* context, const prepare_job& job) noexcept;
int cuda_step(void* context, const step_job& job) noexcept;
int cuda_load(void* context, const load_job& job) noexcept;
int cuda_check(void* context, const void* arena) noexcept;
} // namespace detail

/// The CUDA backend, on the device that is current in the calling thread. It enqueues
///
///     one kernel for each 59 rows of the plan, and one for each 1022 of a list of guidance scales
///     one for the start of a run, and one for each step
///     one more in each step for a score corrector, and for an x0 hook
///     one more in each step for a state hook where the model's input is not x itself, and for a state hook or an
///     observer with inpainting before_model
///
/// A step takes the fastest kernel where nothing is lent for it but x, seeds and the arena: no noise, mask, gain,
/// pull, dropout, kept x0 or hook, no slots of history; with elements a multiple of 4, of 8 where the model has 16
/// bits. Its codes are cudaError_t. Of the pointers only the arena is checked. sampler::init() returns
/// backend_unavailable where there is no device, the driver is too old, the archive has no code for the device, the
/// arena lies on another device (cudaErrorInvalidDevice), or in pageable memory of the host that the device cannot
/// reach (cudaErrorInvalidDevicePointer). A run ends with backend_failed where a call of CUDA fails; it does not
/// start where an error of earlier work is pending (cudaPeekAtLastError), whose code it then returns and which stays
/// pending for its owner to find.
constexpr backend_ref cuda_backend() noexcept {
    return {&detail::cuda_prepare, &detail::cuda_step, nullptr, &detail::cuda_load, &detail::cuda_check};
}

/// Bytes of the arena for a run of this plan and shape on a GPU: arena_bytes() with room for the plan. Usable as an
/// array bound: the arena may be a __device__ array.
constexpr std::size_t cuda_arena_bytes(plan_view plan, const shape& dims, guidance mode = guidance::none,
                                       element_type model_type = element_type::float32,
                                       arena_extras extras = {}) noexcept {
    extras.holds_plan = true;
    return arena_bytes(plan, dims, mode, model_type, extras);
}

/// Enqueues a whole run on the stream and returns: x [batch, elements], float32 in device memory, is a sample when
/// the stream has come to that point. Waits for nothing; within a stream capture of the caller's it becomes part of
/// the graph, with this seed, scale and plan (capture() makes graphs in which they can change). Returns what
/// sampler::run() returns; backend_mismatch.
status enqueue(sampler& source, span<float> x, std::uint64_t seed, cudaStream_t stream) noexcept;

/// A copy_fn within device memory, enqueued: for intermediate_log::init(). Returns a cudaError_t.
int cuda_copy(float* target, const float* source, std::int64_t count, void* stream) noexcept;

/// threshold_x0()'s twin, enqueued: the same bits (but those within a NaN), in one kernel, with a block for each
/// sample. `context` is a dynamic_thresholding in device memory, read by the kernel: a graph runs with what is there
/// then. Where its values are out of range x0 is left alone. Returns a cudaError_t.
int cuda_threshold_x0(void* context, const hook_call& call) noexcept;

/// rescale_guidance()'s twin, likewise. `context` is phi, a float in device memory; where it is out of range the
/// output is left alone.
int cuda_rescale_guidance(void* context, const hook_call& call) noexcept;

/// A run that was captured. A plain object; the graph in it is CUDA's until destroy().
struct cuda_graph {
    cudaGraphExec_t exec = nullptr;  ///< null: nothing captured
    const std::byte* plan = nullptr; ///< where the launches read it, in the arena of the sampler that was captured
    int steps = 0;
    bool lists_scales = false;      ///< the launches read a guidance scale for each step
    std::uint64_t guided_steps = 0; ///< those that ask for both predictions: bit i is step i; of more than 64 steps
                                    ///< a hash (FNV-1a) of what each asks for
    int last_code = 0; ///< of the model, a hook, the observer or CUDA, where the last call failed; else 0
};

/// Captures a whole run into `graph` (empty before) and enqueues the plan, the scales and the seed for its launches.
/// The stream must not be the legacy default stream, nor be capturing; nothing of the run is executed. The model, the
/// hooks and the observer are called once, now, and what they enqueue is replayed by every launch: they must not
/// wait, allocate (CUDA may where a kernel is used for the first time: use yours before) or take the timestep from
/// the host (model_call::row_timesteps is what a later plan changes). x, the arena and all that the config points to
/// must stay valid while the graph is launched. Returns what sampler::run() returns; backend_mismatch,
/// graph_occupied, backend_failed; model_not_captured where a call of the model enqueued nothing on the stream, not
/// even one node: an engine with a stream of its own, which a replay would miss. After any failure but graph_occupied
/// and backend_mismatch `graph` is empty.
status capture(sampler& source, span<float> x, std::uint64_t seed, cudaStream_t stream, cuda_graph& graph) noexcept;

/// Enqueues a run of the graph, with the plan, the scales and the seed that the arena then holds: those of the last
/// capture(), update() or enqueue() on the stream. Where the config says that x_T is given, x must hold it anew.
/// Which steps ask for both predictions is the graph's: after an enqueue() that asked in others, use update().
/// Waits for nothing. Returns ok, graph_empty, backend_failed.
status launch(cuda_graph& graph, cudaStream_t stream) noexcept;

/// Enqueues the sampler's present plan and guidance scales (sampler::set_plan, sampler::set_guidance_scale,
/// sampler::set_guidance_scales) and the seed for the launches that follow on the stream; the same sampler, or a copy
/// with the same arena. Waits for nothing. Returns ok, backend_mismatch, graph_empty, graph_mismatch (another arena,
/// another place for the plan in it or another number of steps; a list of scales where one scale for all was
/// captured, or the reverse; scale 1, which asks for one prediction, in a step where both were captured, or the
/// reverse), backend_failed, what sampler::load() returns.
status update(cuda_graph& graph, sampler& source, std::uint64_t seed, cudaStream_t stream) noexcept;

/// Gives the graph back to CUDA and empties it, also where that fails. No launch of it may still be under way.
/// Returns ok, backend_failed.
status destroy(cuda_graph& graph) noexcept;

} // namespace ddim

#endif
