// The ready hooks on data in the host's memory.
#include "ddim/hooks.hpp"

#include "ddim/detail/hook_math.hpp"
#include "outputs.hpp"

namespace ddim {

namespace {

/// Squared distance of an entry from a vector whose channels lie `stride` apart.
float distance(const float* entry, const float* vector, std::int64_t channels, std::int64_t stride) noexcept {
    float sum = 0.0f;
    for (std::int64_t c = 0; c < channels; ++c) {
        const float difference = vector[c * stride] - entry[c];
        sum += difference * difference;
    }
    return sum;
}

const float* nearest_entry(const codebook& book, const float* vector, std::int64_t stride) noexcept {
    const std::int64_t count = static_cast<std::int64_t>(book.entries.size) / book.channels;
    const float* nearest = book.entries.data;
    float smallest = distance(nearest, vector, book.channels, stride);
    for (std::int64_t i = 1; i < count; ++i) {
        const float* entry = book.entries.data + i * book.channels;
        const float away = distance(entry, vector, book.channels, stride);
        if (away < smallest) {
            nearest = entry;
            smallest = away;
        }
    }
    return nearest;
}

/// Magnitude number `number` of the sorted ones.
detail::digit_search find_magnitude(const float* values, std::int64_t count, std::int64_t number) noexcept {
    detail::digit_search search;
    search.number = number;
    while (search.shift >= 0) {
        std::int64_t counts[detail::digit_count] = {};
        for (std::int64_t i = 0; i < count; ++i) {
            const std::uint32_t bits = detail::magnitude_bits(values[i]);
            if (detail::is_candidate(search, bits)) ++counts[detail::digit_of(search, bits)];
        }
        detail::learn_digit(search, counts);
    }
    return search;
}

/// The smallest magnitude above one, or this one where it is the largest.
std::uint32_t next_magnitude(const float* values, std::int64_t count, std::uint32_t above) noexcept {
    std::uint32_t next = 0xFFFFFFFFu;
    for (std::int64_t i = 0; i < count; ++i) {
        const std::uint32_t bits = detail::magnitude_bits(values[i]);
        if (bits > above && bits < next) next = bits;
    }
    return next == 0xFFFFFFFFu ? above : next;
}

float quantile_of_magnitudes(const float* values, std::int64_t count, float ratio) noexcept {
    const detail::quantile_place place = detail::place_of_quantile(ratio, count);
    const detail::digit_search found = find_magnitude(values, count, place.below);
    const bool is_followed = found.number + 1 < found.equal;
    const std::uint32_t next = is_followed ? found.bits : next_magnitude(values, count, found.bits);
    return detail::between(detail::float_from_bits(found.bits), detail::float_from_bits(next), place.weight);
}

/// The sum of add(value) over the values, in the order that hook_math.hpp writes down.
template <class Add>
float sum_of(const void* values, element_type type, std::int64_t first, std::int64_t count, Add&& add) noexcept {
    float lanes[detail::sum_lanes] = {}, storage[detail::sum_lanes];
    for (std::int64_t done = 0; done < count; done += detail::sum_lanes) {
        const std::int64_t left = count - done;
        const int width = left < detail::sum_lanes ? static_cast<int>(left) : detail::sum_lanes;
        const float* const block = detail::float_block(values, type, first + done, width, storage);
        for (int lane = 0; lane < width; ++lane) lanes[lane] += add(block[lane]);
    }
    for (int half = detail::sum_lanes / 2; half > 0; half /= 2)
        for (int lane = 0; lane < half; ++lane) lanes[lane] += lanes[lane + half];
    return lanes[0];
}

float squares_around_mean(const void* values, element_type type, std::int64_t first, std::int64_t count) noexcept {
    const float sum = sum_of(values, type, first, count, [](float value) { return value; });
    const float mean = sum / static_cast<float>(count);
    return sum_of(values, type, first, count,
                  [mean](float value) { return detail::square_of_difference(value, mean); });
}

} // namespace

int quantize_to_codebook(void* context, const hook_call& call) noexcept {
    const codebook& book = *static_cast<const codebook*>(context);
    const bool usable = book.entries.data != nullptr && book.channels >= 1 && call.elements % book.channels == 0 &&
                        static_cast<std::int64_t>(book.entries.size) >= book.channels;
    if (!usable) return 1;
    const std::int64_t positions = call.elements / book.channels;
    for (std::int64_t sample = 0; sample < call.batch; ++sample) {
        for (std::int64_t position = 0; position < positions; ++position) {
            float* vector = call.values + sample * call.elements + position;
            const float* nearest = nearest_entry(book, vector, positions);
            for (std::int64_t c = 0; c < book.channels; ++c) vector[c * positions] = nearest[c];
        }
    }
    return 0;
}

int add_scaled_state(void* context, const hook_call& call) noexcept {
    const float weight = *static_cast<const float*>(context);
    for (std::int64_t i = 0; i < call.batch * call.elements; ++i) call.values[i] += weight * call.x[i];
    return 0;
}

int threshold_x0(void* context, const hook_call& call) noexcept {
    const dynamic_thresholding options = *static_cast<const dynamic_thresholding*>(context);
    if (!detail::is_usable(options)) return 1;
    for (std::int64_t sample = 0; sample < call.batch; ++sample) {
        float* const x0 = call.values + sample * call.elements;
        const float quantile = quantile_of_magnitudes(x0, call.elements, options.ratio);
        const float threshold = detail::threshold_of(options, quantile);
        for (std::int64_t i = 0; i < call.elements; ++i) x0[i] = detail::thresholded(x0[i], threshold);
    }
    return 0;
}

int rescale_guidance(void* context, const hook_call& call) noexcept {
    const float phi = *static_cast<const float*>(context);
    if (!(phi >= 0.0f && phi <= 1.0f)) return 1;
    if (call.conditional == nullptr) return 0;
    for (std::int64_t sample = 0; sample < call.batch; ++sample) {
        const std::int64_t first = sample * call.elements;
        const float conditional = squares_around_mean(call.conditional, call.conditional_type, first, call.elements);
        const float guided = squares_around_mean(call.values, element_type::float32, first, call.elements);
        const float factor = detail::rescale_factor(phi, conditional, guided);
        for (std::int64_t i = 0; i < call.elements; ++i) call.values[first + i] *= factor;
    }
    return 0;
}

} // namespace ddim
