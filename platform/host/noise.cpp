#include "noise.hpp"

#include "ddim/detail/noise_place.hpp"

namespace ddim::detail {

namespace {

constexpr int groups = block_elements / 4;

/// Groups of four that `count` elements touch, rounded up to whole vectors of four: so the loops need no code for a
/// rest, which is more than half of what they would be.
constexpr int groups_of(int count) noexcept { return (count + 15) / 16 * 4; }
static_assert(groups_of(block_elements) == groups);

// One array per word: compilers vectorise these loops, but not one that builds whole blocks.
struct word_arrays {
    std::uint32_t word[4][groups];
};

void fill_bits(const noise_place& place, std::uint32_t first_group, std::uint32_t step, noise_purpose purpose,
               int count, word_arrays& bits) noexcept {
    for (int g = 0; g < count; ++g) {
        const philox_block words = philox4x32_10(
            {{first_group + static_cast<std::uint32_t>(g), place.sample, step, static_cast<std::uint32_t>(purpose)}},
            place.seed);
        bits.word[0][g] = words.word[0];
        bits.word[1][g] = words.word[1];
        bits.word[2][g] = words.word[2];
        bits.word[3][g] = words.word[3];
    }
}

/// The words of a block's groups.
void fill_bits(const noise_source& source, const block& at, noise_purpose purpose, bool is_repeated,
               word_arrays& bits) noexcept {
    fill_bits(place_of(source, at.sample, is_repeated), static_cast<std::uint32_t>(at.first / 4), source.step,
              purpose, groups_of(at.count), bits);
}

void fill_pairs(const std::uint32_t (&radius_bits)[groups], const std::uint32_t (&angle_bits)[groups], int count,
                float (&__restrict cosines)[groups], float (&__restrict sines)[groups]) noexcept {
    for (int g = 0; g < count; ++g) {
        const float radius = box_muller_radius(radius_bits[g]);
        const direction angle = box_muller_direction(angle_bits[g]);
        cosines[g] = radius * angle.cosine;
        sines[g] = radius * angle.sine;
    }
}

/// Four arrays of one component each, interleaved into elements.
template <class Element>
void interleave(const Element (&components)[4][groups], int count,
                Element (&__restrict elements)[block_elements]) noexcept {
    for (int g = 0; g < count; ++g) {
        elements[4 * g + 0] = components[0][g];
        elements[4 * g + 1] = components[1][g];
        elements[4 * g + 2] = components[2][g];
        elements[4 * g + 3] = components[3][g];
    }
}

} // namespace

void draw_normals(const noise_source& source, const block& at, float (&normals)[block_elements]) noexcept {
    const int used = groups_of(at.count);
    word_arrays bits;
    fill_bits(source, at, source.purpose, source.is_repeated, bits);
    float pairs[4][groups];
    fill_pairs(bits.word[0], bits.word[1], used, pairs[0], pairs[1]);
    fill_pairs(bits.word[2], bits.word[3], used, pairs[2], pairs[3]);
    interleave(pairs, used, normals);
}

void draw_words(const noise_source& source, const block& at, std::uint32_t (&words)[block_elements]) noexcept {
    word_arrays bits;
    fill_bits(source, at, noise_purpose::dropout, false, bits);
    interleave(bits.word, groups_of(at.count), words);
}

} // namespace ddim::detail
