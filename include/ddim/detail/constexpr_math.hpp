// sqrt, log, exp and cos in double that a compiler can evaluate, built from +, -, *, / alone: every conforming
// compiler gets the same bits. They serve the tables, not the step loop.
#ifndef DDIM_DETAIL_CONSTEXPR_MATH_HPP
#define DDIM_DETAIL_CONSTEXPR_MATH_HPP

#include "ddim/config.h"

namespace ddim::DDIM_DETAIL {

inline constexpr double pi = 3.14159265358979323846;
inline constexpr double largest_double = 1.7976931348623157e308;

constexpr bool is_finite(double x) noexcept { return x >= -largest_double && x <= largest_double; }

/// x == 0, of which -Wfloat-equal says nothing.
constexpr bool is_zero(double x) noexcept { return x >= 0.0 && x <= 0.0; }

/// x = fraction * 2^exponent with fraction in [1, 2).
struct binary_parts {
    double fraction;
    int exponent;
};

/// Splits a finite x > 0. Exact: it only multiplies by powers of two.
constexpr binary_parts split_binary(double x) noexcept {
    constexpr double powers[] = {0x1p512, 0x1p256, 0x1p128, 0x1p64, 0x1p32, 0x1p16, 0x1p8, 0x1p4, 0x1p2, 0x1p1};
    binary_parts parts{x, 0};
    int exponent = 512;
    for (const double power : powers) {
        while (parts.fraction >= power) {
            parts.fraction /= power;
            parts.exponent += exponent;
        }
        while (parts.fraction * power < 2.0) {
            parts.fraction *= power;
            parts.exponent -= exponent;
        }
        exponent /= 2;
    }
    return parts;
}

/// x * 2^exponent. Exact, but where the result is subnormal or overflows.
constexpr double times_power_of_two(double x, int exponent) noexcept {
    for (; exponent > 0; --exponent) x *= 2.0;
    for (; exponent < 0; ++exponent) x *= 0.5;
    return x;
}

/// m - y * y without rounding, for m in [1, 4) and y within some ulp of its root (Dekker's product).
constexpr double exact_residual(double m, double y) noexcept {
    constexpr double splitter = 134217729.0; // 2^27 + 1
    const double carried = splitter * y;
    const double high = carried - (carried - y);
    const double low = y - high;
    const double square = y * y;
    const double square_error = ((high * high - square) + 2.0 * high * low) + low * low;
    return (m - square) - square_error;
}

/// Square root, correctly rounded to nearest. NaN for x < 0, as the standard's.
constexpr double sqrt(double x) noexcept {
    if (!(x >= 0.0)) return __builtin_bit_cast(double, 0x7ff8000000000000);
    if (x <= 0.0 || x > largest_double) return x;
    binary_parts parts = split_binary(x);
    if (parts.exponent % 2 != 0) { // keeps the exponent even, so that it halves exactly
        parts.fraction *= 2.0;
        parts.exponent -= 1;
    }
    double root = 0.5 * (1.0 + parts.fraction);
    for (int i = 0; i < 5; ++i) root = 0.5 * (root + parts.fraction / root);

    // Newton ends within an ulp. The rounding boundary root + ulp / 2 has the square root^2 + root ulp + ulp^2 / 4,
    // and the residual is a multiple of ulp^2: comparing it with root ulp decides exactly.
    constexpr double ulp = 2.220446049250313e-16;
    if (exact_residual(parts.fraction, root) > root * ulp) root += ulp;
    if (exact_residual(parts.fraction, root) <= -root * ulp) root -= ulp;

    return times_power_of_two(root, parts.exponent / 2);
}

/// Natural logarithm of a finite x > 0, within 2 ulp.
constexpr double log(double x) noexcept {
    constexpr double sqrt_2 = 1.4142135623730951;
    constexpr double ln_2_high = 0x1.62e42fee00000p-1; // 21 trailing zeros: times an exponent it is exact
    constexpr double ln_2_low = 0x1.a39ef35793c76p-33;
    binary_parts parts = split_binary(x);
    if (parts.fraction > sqrt_2) {
        parts.fraction *= 0.5;
        parts.exponent += 1;
    }
    // log m = 2 atanh s with s = f / (2 + f), written as f - s (f - r) to keep the rounding of f / (2 + f) small.
    const double f = parts.fraction - 1.0;
    const double s = f / (2.0 + f);
    const double z = s * s;
    double series = 0.0;
    for (int k = 12; k >= 1; --k) series = z * (2.0 / (2 * k + 1) + series);
    const double exponent = parts.exponent;
    return exponent * ln_2_high + (f - (s * (f - series) - exponent * ln_2_low));
}

/// e^x for x <= 700, within 2 ulp where the result is normal.
constexpr double exp(double x) noexcept {
    if (x < -750.0) return 0.0;
    constexpr double ln_2_high = 0x1.62e42fee00000p-1;
    constexpr double ln_2_low = 0x1.a39ef35793c76p-33;
    const double turns = x * 1.4426950408889634;
    const int exponent = static_cast<int>(turns < 0.0 ? turns - 0.5 : turns + 0.5);
    const double high = x - exponent * ln_2_high;
    const double low = exponent * ln_2_low;
    const double r = high - low; // |r| <= ln(2) / 2
    double series = 0.0;
    for (int k = 14; k >= 2; --k) series = r / k * (1.0 + series);
    return times_power_of_two(1.0 + (high + (r * series - low)), exponent);
}

/// phi_k of exponential integrators for k >= 1, x <= 700: phi_1 = (e^x - 1) / x, phi_{k+1} = (phi_k - 1 / k!) / x,
/// and 1 / k! at 0. Near 0 by its series, which cancels nothing.
constexpr double phi(int k, double x) noexcept {
    double factorial = 1.0;
    if (x > -1.0 && x < 1.0) {
        for (int i = 2; i <= k; ++i) factorial *= i;
        double series = 0.0;
        for (int j = 18; j >= 1; --j) series = x / (k + j) * (1.0 + series);
        return (1.0 + series) / factorial;
    }
    double value = (exp(x) - 1.0) / x;
    for (int i = 1; i < k; ++i) {
        factorial *= i;
        value = (value - 1.0 / factorial) / x;
    }
    return value;
}

/// Cosine for |x| <= 2^20, within 2 ulp, also next to its zeros.
constexpr double cos(double x) noexcept {
    constexpr double half_pi_high = 0x1.921fb544p+0; // 20 trailing zeros: times a quadrant it is exact
    constexpr double half_pi_middle = 0x1.0b4611a6p-34;
    constexpr double half_pi_low = 0x1.3198a2e037073p-69;
    const double turns = x / (pi / 2);
    const int quadrant = static_cast<int>(turns < 0 ? turns - 0.5 : turns + 0.5);
    const double q = quadrant;
    const double coarse = (x - q * half_pi_high) - q * half_pi_middle;
    const double r = coarse - q * half_pi_low;
    const double z = r * r;
    double sine = 0.0;
    double cosine = 0.0;
    for (int k = 9; k >= 1; --k) {
        sine = -z / ((2 * k) * (2 * k + 1)) * (1.0 + sine);
        cosine = -z / ((2 * k - 1) * (2 * k)) * (1.0 + cosine);
    }
    switch (quadrant & 3) {
    case 0: return 1.0 + cosine;
    case 1: return -(r + r * sine);
    case 2: return -(1.0 + cosine);
    default: return r + r * sine;
    }
}

/// Nearest integer, ties to even, as numpy rounds; for 0 <= x < 2^31.
constexpr int round_half_even(double x) noexcept {
    const int floor = static_cast<int>(x);
    const double above = x - floor;
    if (above > 0.5 || (above >= 0.5 && floor % 2 != 0)) return floor + 1;
    return floor;
}

} // namespace ddim::DDIM_DETAIL

#endif
