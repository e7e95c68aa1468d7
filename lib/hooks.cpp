#include "ddim/hooks.hpp"

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

} // namespace ddim
