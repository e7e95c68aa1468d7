// The plan, the values of a run and the guidance scales of its steps, on their way into the arena as arguments of
// kernels: nothing to allocate, nothing to wait for, and the caller's copies are free at once.
#include "ddim/cuda.hpp"
#include "kernels.hpp"

namespace ddim::detail {

namespace {

constexpr int most_argument_bytes = 4096;

struct plan_target {
    run_values values;
    step_row* rows_target;
    run_values* values_target;
    int count;
};

/// As many rows as the arguments of a kernel hold beside that: 59.
constexpr int rows_at_once =
    (most_argument_bytes - static_cast<int>(sizeof(plan_target))) / static_cast<int>(sizeof(step_row));

struct plan_part {
    plan_target to;
    step_row rows[rows_at_once];
};
static_assert(sizeof(plan_part) <= most_argument_bytes, "the arguments of a kernel");

__global__ void plan_kernel(const __grid_constant__ plan_part part) {
    const int i = static_cast<int>(threadIdx.x);
    if (i < part.to.count) part.to.rows_target[i] = part.rows[i];
    if (i == 0) *part.to.values_target = part.to.values;
}

/// As many scales as the arguments of a kernel hold beside their target: 1022. A block has a thread for each.
constexpr int scales_at_once =
    (most_argument_bytes - static_cast<int>(sizeof(float*))) / static_cast<int>(sizeof(float));

struct scales_part {
    float* target;
    float scales[scales_at_once];
};
static_assert(sizeof(scales_part) <= most_argument_bytes, "the arguments of a kernel");

__global__ void scales_kernel(const __grid_constant__ scales_part part) {
    part.target[threadIdx.x] = part.scales[threadIdx.x];
}

int part_of(int steps, int first, int most) noexcept { return steps - first < most ? steps - first : most; }

/// One block on a part.
int launch_part(const void* kernel, int threads, void* part, void* stream) noexcept {
    void* arguments[] = {part};
    return reported(cudaLaunchKernel(kernel, dim3(1), dim3(static_cast<unsigned>(threads)), arguments, 0,
                                     static_cast<cudaStream_t>(stream)));
}

int launch_rows(const load_job& job, int first) noexcept {
    plan_part part;
    part.to = {job.values, job.rows_target + first, job.values_target, part_of(job.steps, first, rows_at_once)};
    for (int i = 0; i < part.to.count; ++i) part.rows[i] = job.rows[first + i];
    return launch_part(reinterpret_cast<const void*>(&plan_kernel), rows_at_once, &part, job.stream);
}

int launch_scales(const load_job& job, int first) noexcept {
    scales_part part;
    part.target = job.guidance_scales_target + first;
    const int count = part_of(job.steps, first, scales_at_once);
    for (int i = 0; i < count; ++i) part.scales[i] = job.guidance_scales[first + i];
    return launch_part(reinterpret_cast<const void*>(&scales_kernel), count, &part, job.stream);
}

} // namespace

int cuda_load(void*, const load_job& job) noexcept {
    // What earlier work of the caller's left is the caller's to clear: a run on top of it would hide it.
    const cudaError_t earlier = cudaPeekAtLastError();
    int code = static_cast<int>(earlier);
    for (int first = 0; first < job.steps && code == 0; first += rows_at_once) code = launch_rows(job, first);
    if (job.guidance_scales == nullptr) return code;
    for (int first = 0; first < job.steps && code == 0; first += scales_at_once) code = launch_scales(job, first);
    return code;
}

int install_plan_kernels() noexcept {
    const void* const kernels[] = {reinterpret_cast<const void*>(&plan_kernel),
                                   reinterpret_cast<const void*>(&scales_kernel)};
    return install_kernels(kernels);
}

} // namespace ddim::detail
