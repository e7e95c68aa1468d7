// The arithmetic of the ready hooks, once, for host and device. Each operation is rounded once, in the order written.
#ifndef DDIM_DETAIL_HOOK_MATH_HPP
#define DDIM_DETAIL_HOOK_MATH_HPP

#include <cstdint>

#include "ddim/config.h"
#include "ddim/detail/bits.hpp"
#include "ddim/hooks.hpp"

namespace ddim::detail {

// Dynamic thresholding. |x0| has the order of its bits: a quantile is found by counting them, digit by digit from the
// highest, without sorting and without memory.

inline constexpr int digit_bits = 8;
inline constexpr int digit_count = 1 << digit_bits;

DDIM_SHARED bool is_usable(const dynamic_thresholding& options) noexcept {
    return options.ratio >= 0.0f && options.ratio <= 1.0f && options.sample_max_value > 0.0f &&
           options.sample_max_value <= 3.4028234e38f;
}

/// NaN comes after infinity.
DDIM_SHARED std::uint32_t magnitude_bits(float value) noexcept { return float_bits(value) & 0x7FFFFFFFu; }

/// Where a quantile lies among `count` sorted values: at number `below` and `weight` of the way to the next.
struct quantile_place {
    std::int64_t below;
    float weight;
};

DDIM_SHARED quantile_place place_of_quantile(float ratio, std::int64_t count) noexcept {
    const double position = static_cast<double>(ratio) * static_cast<double>(count - 1);
    const std::int64_t below = static_cast<std::int64_t>(position);
    return {below, static_cast<float>(position - static_cast<double>(below))};
}

/// The bits of the value that is searched for, as far as they are known, and its number among those that share them.
struct digit_search {
    std::uint32_t bits = 0;
    std::uint32_t known = 0; ///< mask of the bits that are known
    int shift = 32 - digit_bits;
    std::int64_t number = 0;
    std::int64_t equal = 0; ///< at the end: how many values have these bits
};

DDIM_SHARED bool is_candidate(const digit_search& search, std::uint32_t bits) noexcept {
    return (bits & search.known) == search.bits;
}

DDIM_SHARED std::uint32_t digit_of(const digit_search& search, std::uint32_t bits) noexcept {
    return (bits >> search.shift) & (digit_count - 1);
}

/// One digit more, from how many candidates have each value of it.
template <class Count>
DDIM_SHARED void learn_digit(digit_search& search, const Count* counts) noexcept {
    std::uint32_t digit = 0;
    std::int64_t count = static_cast<std::int64_t>(counts[0]);
    while (search.number >= count) {
        search.number -= count;
        count = static_cast<std::int64_t>(counts[++digit]);
    }
    search.bits |= digit << search.shift;
    search.known |= static_cast<std::uint32_t>(digit_count - 1) << search.shift;
    search.shift -= digit_bits;
    search.equal = count;
}

/// The value between two neighbours (torch.lerp, which torch.quantile uses). Any weight on infinity leads there.
DDIM_SHARED float between(float lower, float upper, float weight) noexcept {
    const float apart = upper - lower;
    if (!(apart > 0.0f && weight > 0.0f)) return lower;
    if (apart > 3.4028234e38f) return upper;
    return weight < 0.5f ? lower + weight * apart : upper - apart * (1.0f - weight);
}

/// To what x0 is clipped and by what it is divided: the quantile, at least 1 and at most sample_max_value. A NaN
/// is 1.
DDIM_SHARED float threshold_of(const dynamic_thresholding& options, float quantile) noexcept {
    const float raised = quantile > 1.0f ? quantile : 1.0f;
    return raised < options.sample_max_value ? raised : options.sample_max_value;
}

/// A NaN passes through.
DDIM_SHARED float thresholded(float x0, float threshold) noexcept {
    const float capped = x0 > threshold ? threshold : x0;
    return (capped < -threshold ? -threshold : capped) / threshold;
}

// Guidance rescale. Sums are made in `sum_lanes` lanes: lane l adds up entries l, l + sum_lanes, ... in this order,
// then the lower half of the lanes takes in the upper half until one is left.

inline constexpr int sum_lanes = 256;

DDIM_SHARED float square_of_difference(float value, float mean) noexcept {
    const float difference = value - mean;
    return difference * difference;
}

/// By what the guided output is multiplied, from the sums of squared differences from the mean: (n - 1) cancels in
/// the ratio of the standard deviations. 1 where one of them is 0 or their ratio is not finite.
DDIM_SHARED float rescale_factor(float phi, float conditional_squares, float guided_squares) noexcept {
    const float ratio = conditional_squares / guided_squares;
    const bool is_usable = conditional_squares > 0.0f && guided_squares > 0.0f && ratio <= 3.4028234e38f;
    return is_usable ? phi * __builtin_sqrtf(ratio) + (1.0f - phi) : 1.0f;
}

} // namespace ddim::detail

#endif
