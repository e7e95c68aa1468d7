#include "noise.hpp"

namespace ddim::detail {

namespace {

constexpr int groups = block_elements / 4;

// One array per word: compilers vectorise these loops, but not one that builds whole blocks.
struct word_arrays {
    std::uint32_t word[4][groups];
};

void fill_bits(std::uint64_t seed, const philox_block& first, word_arrays& bits) noexcept {
    for (int g = 0; g < groups; ++g) {
        const philox_block block = philox4x32_10(
            {{first.word[0] + static_cast<std::uint32_t>(g), first.word[1], first.word[2], first.word[3]}}, seed);
        bits.word[0][g] = block.word[0];
        bits.word[1][g] = block.word[1];
        bits.word[2][g] = block.word[2];
        bits.word[3][g] = block.word[3];
    }
}

void fill_pairs(const std::uint32_t (&radius_bits)[groups], const std::uint32_t (&angle_bits)[groups],
                float (&cosines)[groups], float (&sines)[groups]) noexcept {
    for (int g = 0; g < groups; ++g) {
        const float radius = box_muller_radius(radius_bits[g]);
        const direction angle = box_muller_direction(angle_bits[g]);
        cosines[g] = radius * angle.cosine;
        sines[g] = radius * angle.sine;
    }
}

} // namespace

void fill_normal_block(std::uint64_t seed, std::int64_t first, std::uint32_t sample, std::uint32_t step,
                       noise_purpose purpose, float (&normals)[block_elements]) noexcept {
    word_arrays bits;
    fill_bits(seed, {{static_cast<std::uint32_t>(first / 4), sample, step, static_cast<std::uint32_t>(purpose)}},
              bits);
    float pairs[4][groups];
    fill_pairs(bits.word[0], bits.word[1], pairs[0], pairs[1]);
    fill_pairs(bits.word[2], bits.word[3], pairs[2], pairs[3]);
    for (int g = 0; g < groups; ++g) {
        normals[4 * g + 0] = pairs[0][g];
        normals[4 * g + 1] = pairs[1][g];
        normals[4 * g + 2] = pairs[2][g];
        normals[4 * g + 3] = pairs[3][g];
    }
}

} // namespace ddim::detail
