// A model's outputs as float32, block by block.
#ifndef DDIM_PLATFORM_HOST_OUTPUTS_HPP
#define DDIM_PLATFORM_HOST_OUTPUTS_HPP

#include <cstdint>

#include "ddim/arena.hpp"

namespace ddim::detail {

/// Values first .. first + count - 1 of a 16-bit type, widened into `storage`.
void widen_block(const void* values, element_type type, std::int64_t first, int count, float* storage) noexcept;

/// The same of any type: where they lie, or in `storage`.
DDIM_INLINE const float* float_block(const void* values, element_type type, std::int64_t first, int count,
                                     float* storage) noexcept {
    if (type == element_type::float32) return static_cast<const float*>(values) + first;
    widen_block(values, type, first, count, storage);
    return storage;
}

} // namespace ddim::detail

#endif
