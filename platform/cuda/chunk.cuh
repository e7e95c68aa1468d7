// A chunk of one sample: what one thread loads, works on and stores.
#ifndef DDIM_PLATFORM_CUDA_CHUNK_CUH
#define DDIM_PLATFORM_CUDA_CHUNK_CUH

#include <cstdint>

#include "ddim/arena.hpp"
#include "ddim/detail/bits.hpp"

namespace ddim::detail {

/// Elements that share a block of noise, and 16 bytes of float32.
inline constexpr int group_elements = 4;

/// The widest access of memory.
inline constexpr int vector_bytes = 16;

/// One group, or some whole ones.
template <int Size = group_elements>
struct chunk {
    float value[Size];
};

/// What block.hpp of the host calls a block, and how it may be accessed. In the tail of a sample there are fewer
/// elements than a chunk holds.
struct chunk_place {
    std::int64_t sample;
    std::int64_t first;
    std::int64_t offset;
    int count;
    bool is_vector; ///< whole, in aligned memory: it moves in accesses of 16 bytes, or 8 for a group of a 16-bit type
};

/// A chunk as it lies in memory.
template <class Element, int Size>
struct packed_chunk {
    std::uint32_t word[Size * sizeof(Element) / 4];
};

template <int Bytes>
struct access_of {
    using type = uint4;
};
template <>
struct access_of<8> {
    using type = uint2;
};

template <int Size, class Element>
__device__ __forceinline__ packed_chunk<Element, Size> read_packed(const Element* source) {
    using access = typename access_of<sizeof(packed_chunk<Element, Size>)>::type;
    packed_chunk<Element, Size> result;
#pragma unroll
    for (int i = 0; i < static_cast<int>(sizeof(result) / sizeof(access)); ++i) {
        const access part = reinterpret_cast<const access*>(source)[i];
        __builtin_memcpy(result.word + i * sizeof(access) / 4, &part, sizeof part);
    }
    return result;
}

template <class Element, int Size>
__device__ __forceinline__ void write_packed(Element* target, const packed_chunk<Element, Size>& values) {
    using access = typename access_of<sizeof(packed_chunk<Element, Size>)>::type;
#pragma unroll
    for (int i = 0; i < static_cast<int>(sizeof(values) / sizeof(access)); ++i) {
        access part;
        __builtin_memcpy(&part, values.word + i * sizeof(access) / 4, sizeof part);
        reinterpret_cast<access*>(target)[i] = part;
    }
}

template <int Size>
__device__ __forceinline__ chunk<Size> unpacked(const packed_chunk<float, Size>& values) {
    chunk<Size> result;
#pragma unroll
    for (int i = 0; i < Size; ++i) result.value[i] = float_from_bits(values.word[i]);
    return result;
}

/// The two 16-bit types: the lower half of a word comes first.
template <class Element, int Size>
__device__ __forceinline__ chunk<Size> unpacked(const packed_chunk<Element, Size>& values) {
    chunk<Size> result;
#pragma unroll
    for (int i = 0; i < Size; ++i)
        result.value[i] = widen(Element{static_cast<std::uint16_t>(values.word[i / 2] >> (i % 2 * 16))});
    return result;
}

template <class Element, int Size>
__device__ __forceinline__ packed_chunk<Element, Size> packed(const chunk<Size>& values) {
    packed_chunk<Element, Size> result;
    if constexpr (sizeof(Element) == sizeof(float)) {
#pragma unroll
        for (int i = 0; i < Size; ++i) result.word[i] = float_bits(values.value[i]);
    } else {
#pragma unroll
        for (int i = 0; i < Size / 2; ++i) {
            const Element low = narrow<Element>(values.value[2 * i]), high = narrow<Element>(values.value[2 * i + 1]);
            result.word[i] = low.bits | (static_cast<std::uint32_t>(high.bits) << 16);
        }
    }
    return result;
}

/// As a vector where the place allows it, else element by element. What is not there reads as 0.
template <class Element>
__device__ __forceinline__ chunk<> read(const Element* source, const chunk_place& at) {
    if (at.is_vector) return unpacked(read_packed<group_elements>(source));
    chunk<> result;
#pragma unroll
    for (int i = 0; i < group_elements; ++i) result.value[i] = i < at.count ? widen(source[i]) : 0.0f;
    return result;
}

template <class Element>
__device__ __forceinline__ void write(Element* target, const chunk_place& at, const chunk<>& values) {
    if (at.is_vector) return write_packed(target, packed<Element>(values));
#pragma unroll
    for (int i = 0; i < group_elements; ++i)
        if (i < at.count) target[i] = narrow<Element>(values.value[i]);
}

/// Calls work(chunk_place) for each chunk of `Size` elements that is this thread's: along x the grid covers a sample,
/// along y it strides over the batch.
template <int Size = group_elements, class Work>
__device__ __forceinline__ void for_each_chunk(const shape& dims, bool is_aligned, Work&& work) {
    const std::int64_t first = (static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) * Size;
    const std::int64_t left = dims.elements - first;
    if (left <= 0) return;
    const int count = left < Size ? static_cast<int>(left) : Size;
    const std::int64_t stride = static_cast<std::int64_t>(gridDim.y) * blockDim.y;
    for (std::int64_t sample = static_cast<std::int64_t>(blockIdx.y) * blockDim.y + threadIdx.y; sample < dims.batch;
         sample += stride)
        work(chunk_place{sample, first, sample * dims.elements + first, count, is_aligned && count == Size});
}

} // namespace ddim::detail

#endif
