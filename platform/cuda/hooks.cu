// The ready hooks on data in device memory: a block for each sample, no memory beside its own, and the bits of their
// twins on the host.
#include "ddim/cuda.hpp"
#include "ddim/detail/hook_math.hpp"
#include "ddim/element.hpp"
#include "kernels.hpp"
#include "launch.cuh"

namespace ddim {

namespace detail {

namespace {

/// A thread for each lane of a sum, and for each value of a digit.
constexpr int hook_threads = sum_lanes;
static_assert(hook_threads == digit_count, "a thread for each value of a digit");

/// More than any device runs at once. Of larger batches each block takes several samples.
constexpr std::int64_t most_hook_blocks = 2048;

/// Calls work(first element) for each sample of the block.
template <class Work>
__device__ __forceinline__ void for_each_sample(const shape& dims, Work&& work) {
#pragma unroll 1
    for (std::int64_t sample = blockIdx.x; sample < dims.batch; sample += gridDim.x) work(sample * dims.elements);
}

// Dynamic thresholding.

struct threshold_memory {
    std::uint32_t counts[digit_count];
    std::int64_t totals[digit_count];
    std::uint64_t search[sizeof(digit_search) / sizeof(std::uint64_t)]; ///< a digit_search
    std::uint32_t next;
};

/// Elements whose digits are counted in 32 bits, as shared memory counts by itself, before 64 bits take them over.
constexpr std::int64_t counted_at_once = 1 << 16;

/// How many candidates have this thread's value as the digit that is searched for.
__device__ __forceinline__ std::int64_t count_digit(const float* values, std::int64_t count,
                                                    const digit_search& search, std::uint32_t* counts) {
    std::int64_t total = 0;
#pragma unroll 1
    for (std::int64_t start = 0; start < count; start += counted_at_once) {
        const std::int64_t end = count - start < counted_at_once ? count : start + counted_at_once;
        counts[threadIdx.x] = 0;
        __syncthreads();
#pragma unroll 4
        for (std::int64_t i = start + threadIdx.x; i < end; i += hook_threads) {
            const std::uint32_t bits = magnitude_bits(values[i]);
            if (is_candidate(search, bits)) atomicAdd(&counts[digit_of(search, bits)], 1u);
        }
        __syncthreads();
        total += counts[threadIdx.x];
    }
    return total;
}

/// Magnitude number `number` of the sorted ones. The first thread learns for all.
__device__ __forceinline__ digit_search find_magnitude(const float* values, std::int64_t count, std::int64_t number,
                                                       threshold_memory& memory) {
    digit_search search;
    search.number = number;
#pragma unroll 1
    while (search.shift >= 0) {
        memory.totals[threadIdx.x] = count_digit(values, count, search, memory.counts);
        __syncthreads();
        if (threadIdx.x == 0) {
            learn_digit(search, memory.totals);
            __builtin_memcpy(memory.search, &search, sizeof search);
        }
        __syncthreads();
        __builtin_memcpy(&search, memory.search, sizeof search);
    }
    return search;
}

/// The smallest magnitude above one, or this one where it is the largest.
__device__ __forceinline__ std::uint32_t next_magnitude(const float* values, std::int64_t count, std::uint32_t above,
                                                        threshold_memory& memory) {
    constexpr std::uint32_t none = 0xFFFFFFFFu;
    if (threadIdx.x == 0) memory.next = none;
    __syncthreads();
    std::uint32_t next = none;
#pragma unroll 4
    for (std::int64_t i = threadIdx.x; i < count; i += hook_threads) {
        const std::uint32_t bits = magnitude_bits(values[i]);
        if (bits > above && bits < next) next = bits;
    }
    if (next != none) atomicMin(&memory.next, next);
    __syncthreads();
    return memory.next == none ? above : memory.next;
}

__device__ __forceinline__ float quantile_of_magnitudes(const float* values, std::int64_t count, float ratio,
                                                        threshold_memory& memory) {
    const quantile_place place = place_of_quantile(ratio, count);
    const digit_search found = find_magnitude(values, count, place.below, memory);
    const bool is_followed = found.number + 1 < found.equal;
    const std::uint32_t next = is_followed ? found.bits : next_magnitude(values, count, found.bits, memory);
    return between(float_from_bits(found.bits), float_from_bits(next), place.weight);
}

__global__ void __launch_bounds__(hook_threads)
    threshold_kernel(float* const values, const shape dims, const dynamic_thresholding* const context) {
    __shared__ threshold_memory memory;
    const dynamic_thresholding options = *context;
    if (!is_usable(options)) return;
    for_each_sample(dims, [&](std::int64_t first) {
        float* const x0 = values + first;
        const float quantile = quantile_of_magnitudes(x0, dims.elements, options.ratio, memory);
        const float threshold = threshold_of(options, quantile);
#pragma unroll 1
        for (std::int64_t i = threadIdx.x; i < dims.elements; i += hook_threads)
            x0[i] = thresholded(x0[i], threshold);
    });
}

// Guidance rescale.

/// What this thread's lane of a sum adds up: the values, or the squares of their differences from a mean.
template <class Element>
__device__ __forceinline__ float lane_of(const Element* values, std::int64_t count, bool is_squared, float mean) {
    float sum = 0.0f;
#pragma unroll 4
    for (std::int64_t i = threadIdx.x; i < count; i += sum_lanes) {
        const float value = widen(values[i]);
        sum += is_squared ? square_of_difference(value, mean) : value;
    }
    return sum;
}

__device__ __forceinline__ float lane_of(const void* values, element_type type, std::int64_t first,
                                         std::int64_t count, bool is_squared, float mean) {
    switch (type) {
    case element_type::float16: return lane_of(static_cast<const half*>(values) + first, count, is_squared, mean);
    case element_type::bfloat16:
        return lane_of(static_cast<const bfloat16*>(values) + first, count, is_squared, mean);
    default: return lane_of(static_cast<const float*>(values) + first, count, is_squared, mean);
    }
}

/// The sum of all lanes, each thread's being `lane`.
__device__ __forceinline__ float sum_of_lanes(float lane, float* lanes) {
    lanes[threadIdx.x] = lane;
    __syncthreads();
#pragma unroll 1
    for (int half = sum_lanes / 2; half > 0; half /= 2) {
        if (static_cast<int>(threadIdx.x) < half) lanes[threadIdx.x] += lanes[threadIdx.x + half];
        __syncthreads();
    }
    const float sum = lanes[0];
    __syncthreads(); // before the next sum
    return sum;
}

/// In two passes of one code: the mean, and the squares.
__device__ __forceinline__ float squares_around_mean(const void* values, element_type type, std::int64_t first,
                                                     std::int64_t count, float* lanes) {
    float sum = 0.0f, mean = 0.0f;
#pragma unroll 1
    for (int pass = 0; pass < 2; ++pass) {
        mean = sum / static_cast<float>(count);
        sum = sum_of_lanes(lane_of(values, type, first, count, pass == 1, mean), lanes);
    }
    return sum;
}

__global__ void __launch_bounds__(hook_threads)
    rescale_kernel(float* const values, const shape dims, const void* const conditional, const element_type type,
                   const float* const context) {
    __shared__ float lanes[sum_lanes];
    const float phi = *context;
    if (!(phi >= 0.0f && phi <= 1.0f)) return;
    for_each_sample(dims, [&](std::int64_t first) {
        const float before = squares_around_mean(conditional, type, first, dims.elements, lanes);
        const float guided = squares_around_mean(values, element_type::float32, first, dims.elements, lanes);
        const float factor = rescale_factor(phi, before, guided);
#pragma unroll 1
        for (std::int64_t i = threadIdx.x; i < dims.elements; i += hook_threads) values[first + i] *= factor;
    });
}

const void* pointer_to_threshold() { return reinterpret_cast<const void*>(&threshold_kernel); }
const void* pointer_to_rescale() { return reinterpret_cast<const void*>(&rescale_kernel); }

int launch_hook(const void* kernel, const hook_call& call, void** arguments) noexcept {
    const std::int64_t blocks = call.batch < most_hook_blocks ? call.batch : most_hook_blocks;
    return launch(kernel, {dim3(static_cast<unsigned>(blocks)), dim3(hook_threads)}, arguments, call.stream);
}

} // namespace

int install_hook_kernels() noexcept {
    const void* const kernels[] = {pointer_to_threshold(), pointer_to_rescale()};
    return install_kernels(kernels);
}

} // namespace detail

int cuda_threshold_x0(void* context, const hook_call& call) noexcept {
    float* values = call.values;
    shape dims{call.batch, call.elements};
    void* arguments[] = {&values, &dims, &context};
    return detail::launch_hook(detail::pointer_to_threshold(), call, arguments);
}

int cuda_rescale_guidance(void* context, const hook_call& call) noexcept {
    if (call.conditional == nullptr) return 0;
    float* values = call.values;
    shape dims{call.batch, call.elements};
    const void* conditional = call.conditional;
    element_type type = call.conditional_type;
    void* arguments[] = {&values, &dims, &conditional, &type, &context};
    return detail::launch_hook(detail::pointer_to_rescale(), call, arguments);
}

} // namespace ddim
