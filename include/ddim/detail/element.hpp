// float32 to and from the 16-bit types of a model: the same bits everywhere, also on a thread that flushes subnormal
// floats to 0, and the loops over it vectorise without any hardware's conversion.
#ifndef DDIM_DETAIL_ELEMENT_HPP
#define DDIM_DETAIL_ELEMENT_HPP

#include <cstdint>

#include "ddim/config.h"
#include "ddim/detail/bits.hpp"

namespace ddim::detail {

/// IEEE binary16 bits to float32: exact.
struct float16 {
    std::uint16_t bits;
};

/// bfloat16, the upper half of a float32: exact to widen.
struct bfloat16 {
    std::uint16_t bits;
};

DDIM_HOST_DEVICE inline float widen(float value) noexcept { return value; }

DDIM_HOST_DEVICE inline float widen(bfloat16 value) noexcept {
    return float_from_bits(static_cast<std::uint32_t>(value.bits) << 16);
}

DDIM_HOST_DEVICE inline float widen(float16 value) noexcept {
    const std::uint32_t sign = (value.bits & 0x8000u) << 16;
    const std::int32_t magnitude = value.bits & 0x7FFF;
    // A subnormal has the exponent of the smallest normal number, 2^-14, but no leading 1: it is read as if it had
    // one, which is then subtracted.
    const std::uint32_t leading = magnitude < 0x0400 ? 0x38800000u : 0u;
    const std::uint32_t rebiased = (static_cast<std::uint32_t>(magnitude) << 13) + 0x38000000u; // by 127 - 15
    const float result = float_from_bits(rebiased + (leading & 0x00800000u)) - float_from_bits(leading);
    // Infinity and NaN stay so.
    const std::uint32_t special = magnitude >= 0x7C00 ? 0x7F800000u : 0u;
    return float_from_bits(float_bits(result) | special | sign);
}

/// To nearest, ties to even; overflow to infinity; every NaN becomes a quiet one.
DDIM_HOST_DEVICE inline void narrow(float value, float& out) noexcept { out = value; }

DDIM_HOST_DEVICE inline void narrow(float value, bfloat16& out) noexcept {
    const std::uint32_t bits = float_bits(value);
    const std::uint32_t rounded = (bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16;
    const bool is_nan = (bits & 0x7FFFFFFFu) > 0x7F800000u;
    out.bits = static_cast<std::uint16_t>(is_nan ? 0x7FFFu : rounded);
}

DDIM_HOST_DEVICE inline void narrow(float value, float16& out) noexcept {
    const std::uint32_t sign = (float_bits(value) >> 16) & 0x8000u;
    const std::uint32_t magnitude = float_bits(value) & 0x7FFFFFFFu;
    // Normal results: rebias the exponent by 112 and round off 13 bits.
    const std::uint32_t normal = (magnitude - 0x38000000u + 0xFFFu + ((magnitude >> 13) & 1u)) >> 13;
    // Subnormal results: adding 1/2 lets the float32 addition round at the right bit, 2^-24.
    const std::uint32_t subnormal = float_bits(float_from_bits(magnitude) + 0.5f) - 0x3F000000u;
    std::uint32_t result = magnitude < 0x38800000u ? subnormal : normal; // 2^-14, the smallest normal
    result = magnitude >= 0x47800000u ? 0x7C00u : result;                // 65536 and more
    result = magnitude > 0x7F800000u ? 0x7FFFu : (result | sign);
    out.bits = static_cast<std::uint16_t>(result);
}

} // namespace ddim::detail

#endif
