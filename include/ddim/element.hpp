// The types of a model's input and output: float32, and two of 16 bits. Conversions give the same bits everywhere,
// also on a thread that flushes subnormal floats to 0, and loops over them vectorise without any hardware's
// conversion.
#ifndef DDIM_ELEMENT_HPP
#define DDIM_ELEMENT_HPP

#include <cstdint>

#include "ddim/config.h"
#include "ddim/detail/bits.hpp"

namespace ddim {

/// Type of the model's input and output. The state and the arithmetic are float32 always.
enum class element_type { float32, float16, bfloat16 };

/// element_type::float16: the bits of an IEEE binary16, as CUDA's __half and Arm's __fp16 have them. Nothing is done
/// with it but widen() and narrow().
struct half {
    std::uint16_t bits;
};

/// element_type::bfloat16: the upper half of a float32.
struct bfloat16 {
    std::uint16_t bits;
};

/// To float32, exactly. Of a float32, for templates: itself.
DDIM_SHARED float widen(float value) noexcept { return value; }

DDIM_SHARED float widen(bfloat16 value) noexcept {
    return detail::float_from_bits(static_cast<std::uint32_t>(value.bits) << 16);
}

DDIM_SHARED float widen(half value) noexcept {
    const std::uint32_t sign = (value.bits & 0x8000u) << 16;
    const std::uint32_t magnitude = value.bits & 0x7FFFu;
    // A subnormal has the exponent of the smallest normal number, 2^-14, but no leading 1: it is read as if it had
    // one, which is then subtracted.
    const std::uint32_t leading = magnitude < 0x0400u ? 0x38800000u : 0u;
    const std::uint32_t rebiased = (magnitude << 13) + 0x38000000u; // by 127 - 15
    const float result =
        detail::float_from_bits(rebiased + (leading & 0x00800000u)) - detail::float_from_bits(leading);
    // Infinity and NaN stay so.
    const std::uint32_t special = magnitude >= 0x7C00u ? 0x7F800000u : 0u;
    return detail::float_from_bits(detail::float_bits(result) | special | sign);
}

/// From float32 to `Element` (float, half or bfloat16): to nearest, ties to even; what is too large becomes infinity,
/// every NaN a quiet one.
template <class Element>
DDIM_SHARED Element narrow(float value) noexcept;

template <>
DDIM_SHARED float narrow<float>(float value) noexcept {
    return value;
}

template <>
DDIM_SHARED bfloat16 narrow<bfloat16>(float value) noexcept {
    const std::uint32_t bits = detail::float_bits(value);
    const std::uint32_t rounded = (bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16;
    const bool is_nan = (bits & 0x7FFFFFFFu) > 0x7F800000u;
    return {static_cast<std::uint16_t>(is_nan ? 0x7FFFu : rounded)};
}

template <>
DDIM_SHARED half narrow<half>(float value) noexcept {
    const std::uint32_t sign = (detail::float_bits(value) >> 16) & 0x8000u;
    const std::uint32_t magnitude = detail::float_bits(value) & 0x7FFFFFFFu;
    // Normal results: rebias the exponent by 112 and round off 13 bits.
    const std::uint32_t normal = (magnitude - 0x38000000u + 0xFFFu + ((magnitude >> 13) & 1u)) >> 13;
    // Subnormal results: adding 1/2 lets the float32 addition round at the right bit, 2^-24.
    const std::uint32_t subnormal = detail::float_bits(detail::float_from_bits(magnitude) + 0.5f) - 0x3F000000u;
    std::uint32_t result = magnitude < 0x38800000u ? subnormal : normal; // 2^-14, the smallest normal
    result = magnitude >= 0x47800000u ? 0x7C00u : result;                // 65536 and more
    result = magnitude > 0x7F800000u ? 0x7FFFu : (result | sign);
    return {static_cast<std::uint16_t>(result)};
}

} // namespace ddim

#endif
