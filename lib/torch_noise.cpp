#include "ddim/torch_noise.hpp"

#include "ddim/detail/constexpr_math.hpp"
#include "ddim/random.hpp"

namespace ddim {

namespace {

constexpr float two_pi = 6.2831855f;

double sine(double x) noexcept { return detail::cos(x - detail::pi / 2); }

/// Rounded once: no libm, whose last bits differ.
float log_of(float x) noexcept { return static_cast<float>(detail::log(static_cast<double>(x))); }

/// A pair of normals in polar form, of uniforms that are not 0.
struct polar {
    float radius;
    float angle;

    float cosine_part() const noexcept {
        return radius * static_cast<float>(detail::cos(static_cast<double>(angle)));
    }
    float sine_part() const noexcept { return radius * static_cast<float>(sine(static_cast<double>(angle))); }
};

float radius_of(float uniform) noexcept { return __builtin_sqrtf(-2.0f * log_of(uniform)); }

} // namespace

// The CPU's: ATen/core/MT19937RNGEngine.h, ATen/native/cpu/DistributionTemplates.h.

torch_cpu_generator::torch_cpu_generator(std::uint64_t seed) noexcept {
    state_[0] = static_cast<std::uint32_t>(seed);
    for (std::uint32_t i = 1; i < words; ++i) {
        const std::uint32_t before = state_[i - 1];
        state_[i] = 1812433253u * (before ^ (before >> 30)) + i;
    }
}

void torch_cpu_generator::refill() noexcept {
    constexpr int middle = 397;
    for (int i = 0; i < words; ++i) {
        const std::uint32_t mixed = (state_[i] & 0x80000000u) | (state_[(i + 1) % words] & 0x7FFFFFFFu);
        const std::uint32_t twist = (mixed & 1u) != 0 ? 0x9908B0DFu : 0u;
        state_[i] = state_[(i + middle) % words] ^ (mixed >> 1) ^ twist;
    }
    used_ = 0;
}

std::uint32_t torch_cpu_generator::next_word() noexcept {
    if (used_ == words) refill();
    std::uint32_t word = state_[used_++];
    word ^= word >> 11;
    word ^= (word << 7) & 0x9D2C5680u;
    word ^= (word << 15) & 0xEFC60000u;
    return word ^ (word >> 18);
}

float torch_cpu_generator::next_uniform() noexcept { return static_cast<float>(next_word() & 0xFFFFFFu) * 0x1p-24f; }

double torch_cpu_generator::next_double() noexcept {
    const std::uint64_t high = next_word();
    const std::uint64_t bits = (high << 32 | next_word()) & 0x1FFFFFFFFFFFFFu;
    return static_cast<double>(bits) * 0x1p-53;
}

/// One at a time, in double, a pair for two calls.
float torch_cpu_generator::next_normal() noexcept {
    keeps_ = !keeps_;
    if (!keeps_) return static_cast<float>(kept_);
    const double angle = 2.0 * detail::pi * next_double();
    const double radius = detail::sqrt(-2.0 * detail::log(1.0 - next_double()));
    kept_ = radius * sine(angle);
    return static_cast<float>(radius * detail::cos(angle));
}

/// Uniforms become normals: number i with number i + 8.
void torch_cpu_generator::fill_sixteen(float* values) noexcept {
    for (int i = 0; i < 8; ++i) {
        const polar pair{radius_of(1.0f - values[i]), two_pi * values[i + 8]};
        values[i] = pair.cosine_part();
        values[i + 8] = pair.sine_part();
    }
}

status torch_cpu_generator::fill_normals(span<float> values) noexcept {
    if (values.data == nullptr) return status::values_null;
    if (values.size < 16) {
        for (std::size_t i = 0; i < values.size; ++i) values.data[i] = next_normal();
        return status::ok;
    }
    for (std::size_t i = 0; i < values.size; ++i) values.data[i] = next_uniform();
    for (std::size_t i = 0; i + 16 <= values.size; i += 16) fill_sixteen(values.data + i);
    if (values.size % 16 == 0) return status::ok;
    float* const last = values.data + (values.size - 16); // drawn anew, some of them for the second time
    for (int i = 0; i < 16; ++i) last[i] = next_uniform();
    fill_sixteen(last);
    return status::ok;
}

// CUDA's: ATen/native/cuda/DistributionTemplates.h, curand_normal.h.

namespace {

constexpr std::int64_t block_threads = 256;

/// Two of curand_normal4()'s four. The GPU rounds an angle once (fma).
polar curand_pair(std::uint32_t first, std::uint32_t second) noexcept {
    constexpr float turn = two_pi * 0x1p-32f;
    const double angle = static_cast<double>(static_cast<float>(second)) * static_cast<double>(turn);
    return {detail::box_muller_radius(first), static_cast<float>(angle + static_cast<double>(turn / 2.0f))};
}

} // namespace

status torch_cuda_generator::fill_normals(span<float> values) noexcept {
    if (values.data == nullptr) return status::values_null;
    if (most_threads_ < block_threads) return status::option_out_of_range;
    const std::int64_t count = static_cast<std::int64_t>(values.size);
    const std::int64_t wanted = (count + block_threads - 1) / block_threads;
    const std::int64_t most = most_threads_ / block_threads;
    const std::int64_t threads = block_threads * (wanted < most ? wanted : most);
    for (std::int64_t first = 0; first < count; first += 4 * threads, ++calls_) {
        for (std::int64_t thread = 0; thread < threads; ++thread) {
            const std::uint64_t at = static_cast<std::uint64_t>(thread);
            const philox_block words =
                philox4x32_10({{static_cast<std::uint32_t>(calls_), static_cast<std::uint32_t>(calls_ >> 32),
                                static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(at >> 32)}},
                              seed_);
            const polar low = curand_pair(words.word[0], words.word[1]);
            const polar high = curand_pair(words.word[2], words.word[3]);
            const float normals[] = {low.sine_part(), low.cosine_part(), high.sine_part(), high.cosine_part()};
            for (int i = 0; i < 4; ++i) {
                const std::int64_t entry = first + thread + threads * i;
                if (entry < count) values.data[entry] = normals[i];
            }
        }
    }
    return status::ok;
}

} // namespace ddim
