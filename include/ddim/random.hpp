// The noise stream: which normal number belongs to which place of which run. A contract, the same on every
// platform to the last bit.
//
//     block  = philox4x32_10(counter = {element / 4, sample, step, purpose}, key = {seed low, seed high})
//     normal = component element % 4 of {r(b0) cos(b1), r(b0) sin(b1), r(b2) cos(b3), r(b2) sin(b3)}
//
// with r(b) = sqrt(-2 ln((b + 1/2) / 2^32)) and angles b / 2^32 of a turn (Box and Muller 1958). So a number depends
// on nothing but its place: not on the batch, the shard, the launch shape or the machine. None is larger than 6.764.
// log, sin and cos are polynomials in float32, each operation rounded once, in the order written: compile without
// contraction.
#ifndef DDIM_RANDOM_HPP
#define DDIM_RANDOM_HPP

#include <cstdint>

#include "ddim/config.h"
#include "ddim/detail/bits.hpp"

namespace ddim {

/// What a draw is for: two draws for different purposes share nothing.
enum class noise_purpose : std::uint32_t {
    initial = 0, ///< x_T
    step = 1,    ///< the noise term of a step
    mask = 2,    ///< what re-noises the known region of inpainting
    dropout = 3, ///< which entries of the noise term dropout keeps: raw bits, not normals
};

/// Four 32-bit numbers: a counter, or a block of random bits.
struct philox_block {
    std::uint32_t word[4];
};

/// Philox4x32 with 10 rounds (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
DDIM_SHARED philox_block philox4x32_10(philox_block counter, std::uint64_t key) noexcept {
    std::uint32_t key0 = static_cast<std::uint32_t>(key);
    std::uint32_t key1 = static_cast<std::uint32_t>(key >> 32);
    philox_block b = counter;
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t product0 = std::uint64_t{0xD2511F53} * b.word[0];
        const std::uint64_t product1 = std::uint64_t{0xCD9E8D57} * b.word[2];
        b = {{static_cast<std::uint32_t>(product1 >> 32) ^ b.word[1] ^ key0, static_cast<std::uint32_t>(product1),
              static_cast<std::uint32_t>(product0 >> 32) ^ b.word[3] ^ key1, static_cast<std::uint32_t>(product0)}};
        key0 += 0x9E3779B9;
        key1 += 0xBB67AE85;
    }
    return b;
}

namespace detail {

/// sqrt(-2 ln u), u = (bits + 1/2) / 2^32 rounded to float32: in (0, 1].
DDIM_SHARED float box_muller_radius(std::uint32_t bits) noexcept {
    const float u = static_cast<float>(bits) * 0x1p-32f + 0x1p-33f;
    // u = m 2^exponent with m in [sqrt(1/2), sqrt(2)), ln m = f - f^2/2 + f^3 P(f), f = m - 1. P is a minimax
    // polynomial: 3e-8 relative to ln m.
    const std::int32_t exponent = static_cast<std::int32_t>(float_bits(u) - 0x3F3504F3u) >> 23;
    const float f = float_from_bits(float_bits(u) - (static_cast<std::uint32_t>(exponent) << 23)) - 1.0f;
    float p = 0.087003596f;
    p = p * f + -0.14267476f;
    p = p * f + 0.14914787f;
    p = p * f + -0.16577587f;
    p = p * f + 0.19963062f;
    p = p * f + -0.25001338f;
    p = p * f + 0.3333391f;
    const float square = f * f;
    const float log_m = f + (square * -0.5f + square * (f * p));
    const float log_u = static_cast<float>(exponent) * 0.69314718f + log_m;
    return __builtin_sqrtf(-2.0f * log_u);
}

struct direction {
    float cosine;
    float sine;
};

/// cos and sin of the angle `bits` / 2^32 of a turn. The quadrant is taken off in integers, so nothing is lost.
DDIM_SHARED direction box_muller_direction(std::uint32_t bits) noexcept {
    const std::uint32_t quadrant = (bits + 0x20000000u) >> 30;
    const std::int32_t rest = static_cast<std::int32_t>(bits - (quadrant << 30)); // in [-2^29, 2^29)
    const float y = static_cast<float>(rest) * 1.4629180792671596e-9f;            // 2 pi / 2^32
    const float z = y * y;
    // Minimax on [-pi/4, pi/4]: 4e-9 and 1e-10.
    const float sine = y + y * (z * ((-0.00019515282f * z + 0.00833216f) * z + -0.16666655f));
    const float cosine = 1.0f + z * (((2.443845e-05f * z + -0.0013887368f) * z + 0.041666646f) * z + -0.5f);
    // Branch-free, so that loops over it vectorise: odd quadrants swap, the signs follow the quadrant.
    const std::uint32_t swap = 0u - (quadrant & 1u);
    const std::uint32_t sine_bits = float_bits(sine), cosine_bits = float_bits(cosine);
    const std::uint32_t exchanged = (sine_bits ^ cosine_bits) & swap;
    return {float_from_bits((cosine_bits ^ exchanged) ^ (((quadrant + 1u) & 2u) << 30)),
            float_from_bits((sine_bits ^ exchanged) ^ ((quadrant & 2u) << 30))};
}

} // namespace detail

/// The four standard normals made of one block.
struct normal_block {
    float value[4];
};

DDIM_SHARED normal_block normals_of(philox_block bits) noexcept {
    const float radius0 = detail::box_muller_radius(bits.word[0]);
    const float radius1 = detail::box_muller_radius(bits.word[2]);
    const detail::direction direction0 = detail::box_muller_direction(bits.word[1]);
    const detail::direction direction1 = detail::box_muller_direction(bits.word[3]);
    return {{radius0 * direction0.cosine, radius0 * direction0.sine, radius1 * direction1.cosine,
             radius1 * direction1.sine}};
}

/// The normals of elements 4 group .. 4 group + 3 of a sample.
///   group    element / 4, below 2^32
///   sample   index in the whole run, shards counted on: sampler_config::first_sample + row of the batch; 0 where
///   each
///            sample has a seed of its own
///   step     row of the plan; 0 for the initial noise
DDIM_SHARED normal_block normals_at(std::uint64_t seed, std::uint32_t group, std::uint32_t sample, std::uint32_t step,
                                    noise_purpose purpose) noexcept {
    return normals_of(philox4x32_10({{group, sample, step, static_cast<std::uint32_t>(purpose)}}, seed));
}

} // namespace ddim

#endif
