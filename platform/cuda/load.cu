// The plan and the values of a run, on their way into the arena as arguments of a kernel: nothing to allocate,
// nothing to wait for, and the caller's copy is free at once.
#include "ddim/cuda.hpp"
#include "kernels.hpp"

namespace ddim::detail {

namespace {

struct plan_target {
    run_values values;
    step_row* rows_target;
    run_values* values_target;
    int count;
};

/// As many rows as the arguments of a kernel hold beside that: 59.
constexpr int most_argument_bytes = 4096;
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

int launch_part(const load_job& job, int first) noexcept {
    plan_part part;
    const int left = job.steps - first;
    part.to = {job.values, job.rows_target + first, job.values_target, left < rows_at_once ? left : rows_at_once};
    for (int i = 0; i < part.to.count; ++i) part.rows[i] = job.rows[first + i];
    void* arguments[] = {&part};
    return reported(cudaLaunchKernel(reinterpret_cast<const void*>(&plan_kernel), dim3(1), dim3(rows_at_once),
                                     arguments, 0, static_cast<cudaStream_t>(job.stream)));
}

} // namespace

int cuda_load(void*, const load_job& job) noexcept {
    // What earlier work of the caller's left is the caller's to clear: a run on top of it would hide it.
    const cudaError_t earlier = cudaPeekAtLastError();
    int code = static_cast<int>(earlier);
    for (int first = 0; first < job.steps && code == 0; first += rows_at_once) code = launch_part(job, first);
    return code;
}

int load_plan_kernel() noexcept {
    const void* const kernels[] = {reinterpret_cast<const void*>(&plan_kernel)};
    return load_kernels(kernels);
}

} // namespace ddim::detail
