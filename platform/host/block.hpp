// How the CPU backend cuts its work up.
#ifndef DDIM_PLATFORM_HOST_BLOCK_HPP
#define DDIM_PLATFORM_HOST_BLOCK_HPP

#include <cstdint>

#include "ddim/arena.hpp"

namespace ddim::detail {

/// Most elements of a block: each stage of a step then stays within the first-level cache.
inline constexpr int block_elements = 256;

/// A block of one sample: elements first .. first + count - 1 of row `sample`, at `offset` in [batch, elements];
/// `first` is a multiple of 4.
struct block {
    std::int64_t sample;
    std::int64_t first;
    std::int64_t offset;
    int count;
};

/// Calls work(block) for every block of every sample, in order.
template <class Work>
void for_each_block(const shape& dims, Work&& work) noexcept {
    for (std::int64_t sample = 0; sample < dims.batch; ++sample) {
        for (std::int64_t first = 0; first < dims.elements; first += block_elements) {
            const std::int64_t left = dims.elements - first;
            const int count = left < block_elements ? static_cast<int>(left) : block_elements;
            work(block{sample, first, sample * dims.elements + first, count});
        }
    }
}

} // namespace ddim::detail

#endif
