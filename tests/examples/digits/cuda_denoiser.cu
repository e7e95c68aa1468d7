#include "cuda_denoiser.hpp"

#include "network.hpp"

namespace digits {

namespace {

constexpr int lanes = 4;       // of a group: fewer than on the host, for more blocks
constexpr int threads = width; // the outputs of most layers

__device__ denoiser_weights weights;
__device__ conditioning conditions; // of the present step

/// The threads of a block as a team.
struct thread_block {
    int first;
    int stride;

    DIGITS_BOTH_SIDES void wait() const noexcept {
#ifdef __CUDA_ARCH__
        __syncthreads();
#endif
    }
};

__device__ thread_block this_block() { return {static_cast<int>(threadIdx.x), static_cast<int>(blockDim.x)}; }

/// A block for each group of labels.
__global__ void __launch_bounds__(threads) condition_kernel(const float* timestep) {
    __shared__ condition_scratch<lanes> scratch;
    condition_group(weights, *timestep, static_cast<int>(blockIdx.x) * lanes, this_block(), scratch, conditions);
}

/// A block for each group of rows.
__global__ void __launch_bounds__(threads)
    predict_kernel(const float* x, row_labels label, std::int64_t rows, float* epsilon) {
    __shared__ predict_scratch<lanes> scratch;
    const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * lanes;
    predict_group(weights, conditions, x, label, rows, first, this_block(), scratch, epsilon);
}

constexpr unsigned groups_of(std::int64_t rows) { return static_cast<unsigned>((rows + lanes - 1) / lanes); }

} // namespace

cudaError_t prepare_cuda_denoiser(cudaStream_t stream) noexcept {
    cudaFuncAttributes unused;
    cudaError_t code = cudaFuncGetAttributes(&unused, condition_kernel);
    if (code == cudaSuccess) code = cudaFuncGetAttributes(&unused, predict_kernel);
    if (code == cudaSuccess)
        code =
            cudaMemcpyToSymbolAsync(weights, &trained_denoiser(), sizeof weights, 0, cudaMemcpyHostToDevice, stream);
    return code;
}

int cuda_denoise(void* context, const ddim::model_call& call) noexcept {
    const request& order = *static_cast<const request*>(context);
    const auto stream = static_cast<cudaStream_t>(call.stream);
    condition_kernel<<<groups_of(labels), threads, 0, stream>>>(call.row_timesteps);
    predict_kernel<<<groups_of(call.rows), threads, 0, stream>>>(static_cast<const float*>(call.input),
                                                                 labels_of(order.asked, call, 0), call.rows,
                                                                 static_cast<float*>(call.output));
    return cudaGetLastError();
}

} // namespace digits
