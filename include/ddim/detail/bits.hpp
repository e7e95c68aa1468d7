// A float32 and its bits.
#ifndef DDIM_DETAIL_BITS_HPP
#define DDIM_DETAIL_BITS_HPP

#include <cstdint>

#include "ddim/config.h"

namespace ddim::detail {

DDIM_SHARED std::uint32_t float_bits(float value) noexcept {
    std::uint32_t bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    return bits;
}

DDIM_SHARED float float_from_bits(std::uint32_t bits) noexcept {
    float value;
    __builtin_memcpy(&value, &bits, sizeof value);
    return value;
}

} // namespace ddim::detail

#endif
