#include "bench/libm_noise.hpp"

#include <cmath>

#include "ddim/random.hpp"

namespace bench {

namespace {

void fill_pair(std::uint32_t radius_bits, std::uint32_t angle_bits, float* pair) noexcept {
    const float uniform = static_cast<float>(radius_bits) * 0x1p-32f + 0x1p-33f;
    const float radius = std::sqrt(-2.0f * std::log(uniform));
    const float angle = static_cast<float>(angle_bits) * 1.4629180792671596e-9f; // 2 pi / 2^32
    pair[0] = radius * std::cos(angle);
    pair[1] = radius * std::sin(angle);
}

} // namespace

void fill_libm_normals(std::uint64_t seed, float* normals, std::size_t count) noexcept {
    for (std::size_t first = 0; first < count; first += 4) {
        const ddim::philox_block bits = ddim::philox4x32_10({{static_cast<std::uint32_t>(first / 4), 0, 0, 0}}, seed);
        fill_pair(bits.word[0], bits.word[1], normals + first);
        fill_pair(bits.word[2], bits.word[3], normals + first + 2);
    }
}

} // namespace bench
