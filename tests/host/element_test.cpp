// The 16-bit types of a model: every pattern, every rounding boundary.
#include "ddim/element.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace {

using ddim::bfloat16;
using ddim::half;
using ddim::narrow;
using ddim::widen;
using ddim::detail::float_bits;
using ddim::detail::float_from_bits;

constexpr float infinity = std::numeric_limits<float>::infinity();

/// What defines a 16-bit type: a sign, an exponent, `digits` explicit digits.
struct format {
    int digits;
    int smallest_exponent; ///< of a normal number
    std::uint16_t infinity_bits;
};

template <class Element>
constexpr format format_of{};
template <>
constexpr format format_of<half>{10, -14, 0x7C00};
template <>
constexpr format format_of<bfloat16>{7, -126, 0x7F80};

template <class Element>
std::uint16_t narrowed(float value) {
    return narrow<Element>(value).bits;
}

template <class Element>
float widened(int bits) {
    return widen(Element{static_cast<std::uint16_t>(bits)});
}

/// The value of a pattern below infinity, from the definition of the type.
template <class Element>
double defined_value(int bits) {
    constexpr format type = format_of<Element>;
    const int magnitude = bits & 0x7FFF;
    const int digits = magnitude & ((1 << type.digits) - 1);
    const int exponent = magnitude >> type.digits;
    const int hidden = exponent == 0 ? 0 : 1 << type.digits;
    const int scale = (exponent == 0 ? 1 : exponent) - 1 + type.smallest_exponent - type.digits;
    return std::ldexp(static_cast<double>(hidden + digits), scale) * (bits >= 0x8000 ? -1.0 : 1.0);
}

/// `value` rounded to the type's digits by the C library, still as a double.
template <class Element>
double defined_rounding(float value) {
    constexpr format type = format_of<Element>;
    int exponent = 0;
    std::frexp(value, &exponent); // value = [1/2, 1) * 2^exponent
    exponent = exponent - 1 < type.smallest_exponent ? type.smallest_exponent : exponent - 1;
    const double unit = std::ldexp(1.0, exponent - type.digits);
    const double rounded = std::nearbyint(static_cast<double>(value) / unit) * unit;
    const double limit = 2.0 * std::ldexp(1.0, 1 - type.smallest_exponent); // both types: 2^(largest exponent + 1)
    return std::fabs(rounded) >= limit ? std::copysign(std::numeric_limits<double>::infinity(), rounded) : rounded;
}

bool same_bits(float a, float b) { return float_bits(a) == float_bits(b); }

template <class Element>
int wrongly_widened() {
    constexpr int infinity_bits = format_of<Element>.infinity_bits;
    int wrong = 0;
    for (int bits = 0; bits <= 0xFFFF; ++bits) {
        const float value = widened<Element>(bits);
        const int magnitude = bits & 0x7FFF;
        const float sign = bits >= 0x8000 ? -1.0f : 1.0f;
        if (magnitude > infinity_bits)
            wrong += std::isnan(value) ? 0 : 1;
        else if (magnitude == infinity_bits)
            wrong += same_bits(value, sign * infinity) ? 0 : 1;
        else
            wrong += same_bits(value, static_cast<float>(defined_value<Element>(bits))) ? 0 : 1;
    }
    return wrong;
}

template <class Element>
int not_returned() {
    int wrong = 0;
    for (int bits = 0; bits <= 0xFFFF; ++bits) {
        const bool is_nan = (bits & 0x7FFF) > format_of<Element>.infinity_bits;
        const int expected = is_nan ? 0x7FFF : bits; // one quiet NaN stands for all
        wrong += narrowed<Element>(widened<Element>(bits)) == expected ? 0 : 1;
    }
    return wrong;
}

#if defined(__x86_64__) || defined(__aarch64__)
#define CAN_FLUSH_SUBNORMALS

/// While it lives, this thread reads and writes subnormal floats as 0: real-time threads are often set so, and so is
/// the main thread where g++ links with -ffast-math.
class flushed_subnormals {
  public:
#if defined(__x86_64__)
    flushed_subnormals() : before_{_mm_getcsr()} { _mm_setcsr(before_ | 0x8000 | 0x0040); } // FTZ and DAZ
    ~flushed_subnormals() { _mm_setcsr(before_); }

  private:
    unsigned before_;
#else
    flushed_subnormals() {
        asm volatile("mrs %0, fpcr" : "=r"(before_));
        asm volatile("msr fpcr, %0" ::"r"(before_ | 1u << 24) : "memory"); // FZ
    }
    ~flushed_subnormals() { asm volatile("msr fpcr, %0" ::"r"(before_) : "memory"); }

  private:
    std::uint64_t before_;
#endif
    flushed_subnormals(const flushed_subnormals&) = delete;
    flushed_subnormals& operator=(const flushed_subnormals&) = delete;
};
#endif

/// Between each two adjacent finite values of either sign: the midpoint and the floats either side of it.
template <class Element>
int wrongly_rounded_midpoints() {
    int wrong = 0;
    for (int sign = 0; sign <= 0x8000; sign += 0x8000) {
        for (int below = 0; below < format_of<Element>.infinity_bits - 1; ++below) {
            const double sum = defined_value<Element>(sign | below) + defined_value<Element>(sign | (below + 1));
            const float middle = static_cast<float>(0.5 * sum); // exact: one digit more than the type has
            const int even = below % 2 == 0 ? below : below + 1;
            wrong += narrowed<Element>(middle) == (sign | even) ? 0 : 1;
            wrong += narrowed<Element>(std::nextafterf(middle, 0.0f)) == (sign | below) ? 0 : 1;
            wrong += narrowed<Element>(std::nextafterf(middle, 2.0f * middle)) == (sign | (below + 1)) ? 0 : 1;
        }
    }
    return wrong;
}

/// Calls use(value) for `count` random bit patterns of first .. last that are numbers.
template <class Use>
void for_random_floats(std::uint32_t first, std::uint32_t last, int count, Use&& use) {
    std::mt19937 engine{first};
    std::uniform_int_distribution<std::uint32_t> draw{first, last};
    for (int i = 0; i < count; ++i) {
        const float value = float_from_bits(draw(engine));
        if (!std::isnan(value)) use(value);
    }
}

template <class Element>
int wrongly_rounded_patterns(std::uint32_t first, std::uint32_t last, int count) {
    int wrong = 0;
    for_random_floats(first, last, count, [&wrong](float value) {
        const float expected = static_cast<float>(defined_rounding<Element>(value));
        wrong += same_bits(widened<Element>(narrowed<Element>(value)), expected) ? 0 : 1;
    });
    return wrong;
}

} // namespace

TEST_CASE_TEMPLATE("widening is exact for every pattern", Element, half, bfloat16) {
    CHECK(wrongly_widened<Element>() == 0);
}

TEST_CASE_TEMPLATE("every pattern survives widening and narrowing, every NaN becomes the quiet one", Element, half,
                   bfloat16) {
    CHECK(not_returned<Element>() == 0);
}

#ifdef CAN_FLUSH_SUBNORMALS
TEST_CASE("half keeps its subnormals on a thread that flushes those of float") {
    // Through pointers that the compiler cannot see through, so that nothing is computed before the thread is set.
    float (*volatile widen_bits)(int) = &widened<half>;
    std::uint16_t (*volatile narrow_value)(float) = &narrowed<half>;
    float (*volatile sum)(float, float) = [](float a, float b) { return a + b; };
    int wrong = 0;
    bool flushes = false;
    {
        const flushed_subnormals flushed;
        flushes = float_bits(sum(0x1p-140f, 0.0f)) == 0;
        for (int bits = 0; bits < 0x0400; ++bits) {
            const float value = widen_bits(bits);
            const double expected = static_cast<double>(bits) * 0x1p-24;
            wrong += static_cast<double>(value) == expected && narrow_value(value) == bits ? 0 : 1;
        }
    }
    REQUIRE(flushes);
    CHECK(wrong == 0);
}
#endif

TEST_CASE_TEMPLATE("midpoints go to even, their neighbours to the nearer side", Element, half, bfloat16) {
    CHECK(wrongly_rounded_midpoints<Element>() == 0);
}

TEST_CASE_TEMPLATE("random floats round as the definition says", Element, half, bfloat16) {
    CHECK(wrongly_rounded_patterns<Element>(0x00000000, 0xFFFFFFFF, 1'000'000) == 0); // every exponent and sign
    CHECK(wrongly_rounded_patterns<Element>(0x33000000, 0x477FFFFF, 500'000) == 0);   // 2^-25 .. 2^16: half's range
    CHECK(wrongly_rounded_patterns<Element>(0x00000000, 0x00FFFFFF, 100'000) == 0);   // float32's subnormals
}

TEST_CASE("half overflows to infinity at 65520") {
    CHECK(narrowed<half>(65504.0f) == 0x7BFF);
    CHECK(narrowed<half>(std::nextafterf(65520.0f, 0.0f)) == 0x7BFF);
    CHECK(narrowed<half>(65520.0f) == 0x7C00);
    CHECK(narrowed<half>(-65520.0f) == 0xFC00);
    CHECK(narrowed<half>(65536.0f) == 0x7C00);
    CHECK(narrowed<half>(std::numeric_limits<float>::max()) == 0x7C00);
}

TEST_CASE("bfloat16 overflows to infinity half a unit above its largest") {
    CHECK(narrowed<bfloat16>(float_from_bits(0x7F7F7FFF)) == 0x7F7F);
    CHECK(narrowed<bfloat16>(float_from_bits(0x7F7F8000)) == 0x7F80);
    CHECK(narrowed<bfloat16>(float_from_bits(0xFF7F8000)) == 0xFF80);
    CHECK(narrowed<bfloat16>(std::numeric_limits<float>::max()) == 0x7F80);
}

TEST_CASE("half underflows through its subnormals to a zero of the same sign") {
    CHECK(narrowed<half>(0x1p-14f) == 0x0400);
    CHECK(narrowed<half>(std::nextafterf(0x1p-14f, 0.0f)) == 0x0400); // rounds up into the normals
    CHECK(narrowed<half>(0x1p-24f) == 0x0001);
    CHECK(narrowed<half>(std::nextafterf(0x1p-25f, 1.0f)) == 0x0001);
    CHECK(narrowed<half>(0x1p-25f) == 0x0000);
    CHECK(narrowed<half>(-0x1p-25f) == 0x8000);
    CHECK(narrowed<half>(std::numeric_limits<float>::denorm_min()) == 0x0000);
}

TEST_CASE_TEMPLATE("zeros, infinities and NaN", Element, half, bfloat16) {
    const int infinity_bits = format_of<Element>.infinity_bits;
    CHECK(narrowed<Element>(0.0f) == 0x0000);
    CHECK(narrowed<Element>(-0.0f) == 0x8000);
    CHECK(narrowed<Element>(infinity) == infinity_bits);
    CHECK(narrowed<Element>(-infinity) == (0x8000 | infinity_bits));
    for (const std::uint32_t nan : {0x7F800001u, 0x7FC00000u, 0x7FFFFFFFu, 0xFF800001u, 0xFFC00000u, 0xFFFFFFFFu}) {
        CAPTURE(nan);
        CHECK(narrowed<Element>(float_from_bits(nan)) == 0x7FFF);
    }
}

TEST_CASE("float32 passes as it is") {
    for (const std::uint32_t bits : {0u, 0x80000000u, 1u, 0x3F800000u, 0x7F7FFFFFu, 0x7F800000u, 0xFF800000u}) {
        CAPTURE(bits);
        CHECK(float_bits(narrow<float>(float_from_bits(bits))) == bits);
        CHECK(float_bits(widen(float_from_bits(bits))) == bits);
    }
}

#if defined(__aarch64__)
using compilers_half = __fp16; // there before _Float16
#define HAS_COMPILERS_HALF 1
#elif defined(__FLT16_MANT_DIG__)
using compilers_half = _Float16;
#define HAS_COMPILERS_HALF 1
#endif

#ifdef HAS_COMPILERS_HALF
TEST_CASE("half agrees with the compiler's own type") {
    int wrong = 0;
    for_random_floats(0, 0xFFFFFFFF, 1'000'000, [&wrong](float value) {
        const float expected = static_cast<float>(static_cast<compilers_half>(value));
        wrong += same_bits(widened<half>(narrowed<half>(value)), expected) ? 0 : 1;
    });
    CHECK(wrong == 0);
}
#endif
