// Where the noise of a sample lies in the stream of random.hpp.
#ifndef DDIM_DETAIL_NOISE_PLACE_HPP
#define DDIM_DETAIL_NOISE_PLACE_HPP

#include <cstdint>

#include "ddim/backend.hpp"

namespace ddim::detail {

struct noise_place {
    std::uint64_t seed;
    std::uint32_t sample;
};

/// Of row `row` of the batch. `is_repeated`: that of sample 0 for every row.
DDIM_SHARED noise_place place_of(const noise_source& source, std::int64_t row, bool is_repeated) noexcept {
    if (source.seeds != nullptr) return {source.seeds[row], 0};
    return {source.values->seed, is_repeated ? 0 : source.first_sample + static_cast<std::uint32_t>(row)};
}

} // namespace ddim::detail

#endif
