// A chunk of one sample: what one thread loads, works on and stores.
#ifndef DDIM_PLATFORM_CUDA_CHUNK_CUH
#define DDIM_PLATFORM_CUDA_CHUNK_CUH

#include <cstdint>

#include "ddim/arena.hpp"
#include "ddim/detail/element.hpp"

namespace ddim::detail {

/// Elements of a chunk: those that share a block of noise, and 16 bytes of float32. (Eight, 16 bytes of the 16-bit
/// types, would take more than 100 registers.)
inline constexpr int chunk_elements = 4;

/// Elements first .. first + count - 1 of a sample; `offset` is that of the first in [batch, elements].
struct chunk_place {
    std::int64_t sample;
    std::int64_t first;
    std::int64_t offset;
    int count;
};

struct chunk {
    float value[chunk_elements];
};

/// A whole chunk in one access of 16 bytes. Without Vector, or in a tail, element by element.
template <bool Vector>
__device__ __forceinline__ chunk load(const float* source, int count) {
    if (Vector && count == chunk_elements) {
        const float4 four = *reinterpret_cast<const float4*>(source);
        return {{four.x, four.y, four.z, four.w}};
    }
    chunk result;
#pragma unroll
    for (int i = 0; i < chunk_elements; ++i) result.value[i] = i < count ? source[i] : 0.0f;
    return result;
}

template <bool Vector>
__device__ __forceinline__ void store(float* target, int count, const chunk& values) {
    if (Vector && count == chunk_elements) {
        *reinterpret_cast<float4*>(target) =
            make_float4(values.value[0], values.value[1], values.value[2], values.value[3]);
        return;
    }
#pragma unroll
    for (int i = 0; i < chunk_elements; ++i)
        if (i < count) target[i] = values.value[i];
}

/// The two 16-bit types: a chunk is the two words of a uint2.
template <bool Vector, class Element>
__device__ __forceinline__ chunk load(const Element* source, int count) {
    chunk result;
    if (Vector && count == chunk_elements) {
        const uint2 words = *reinterpret_cast<const uint2*>(source);
        result.value[0] = widen(Element{static_cast<std::uint16_t>(words.x)});
        result.value[1] = widen(Element{static_cast<std::uint16_t>(words.x >> 16)});
        result.value[2] = widen(Element{static_cast<std::uint16_t>(words.y)});
        result.value[3] = widen(Element{static_cast<std::uint16_t>(words.y >> 16)});
        return result;
    }
#pragma unroll
    for (int i = 0; i < chunk_elements; ++i) result.value[i] = i < count ? widen(source[i]) : 0.0f;
    return result;
}

template <bool Vector, class Element>
__device__ __forceinline__ void store(Element* target, int count, const chunk& values) {
    Element narrowed[chunk_elements];
#pragma unroll
    for (int i = 0; i < chunk_elements; ++i) narrow(values.value[i], narrowed[i]);
    if (Vector && count == chunk_elements) {
        const auto pair = [&narrowed](int i) {
            return narrowed[i].bits | (static_cast<std::uint32_t>(narrowed[i + 1].bits) << 16);
        };
        *reinterpret_cast<uint2*>(target) = make_uint2(pair(0), pair(2));
        return;
    }
#pragma unroll
    for (int i = 0; i < chunk_elements; ++i)
        if (i < count) target[i] = narrowed[i];
}

/// Calls work(chunk_place) for every chunk that is this thread's: blocks along x share a sample, those along y divide
/// the batch.
template <class Work>
__device__ __forceinline__ void for_each_chunk(const shape& dims, Work&& work) {
    const std::int64_t start = (static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) * chunk_elements;
    const std::int64_t stride = static_cast<std::int64_t>(gridDim.x) * blockDim.x * chunk_elements;
    for (std::int64_t sample = blockIdx.y; sample < dims.batch; sample += gridDim.y) {
        for (std::int64_t first = start; first < dims.elements; first += stride) {
            const std::int64_t left = dims.elements - first;
            work(chunk_place{sample, first, sample * dims.elements + first,
                             left < chunk_elements ? static_cast<int>(left) : chunk_elements});
        }
    }
}

} // namespace ddim::detail

#endif
