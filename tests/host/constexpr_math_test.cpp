// The tables' own sqrt, log, cos and rounding against the C library's, and in constants against themselves.
#include "ddim/detail/constexpr_math.hpp"

#include <doctest/doctest.h>

#include <cfloat>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>

namespace {

namespace detail = ddim::detail;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

std::uint64_t bits_of(double value) {
    std::uint64_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}

double from_bits(std::uint64_t bits) {
    double value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

/// `value` moved by `steps` representable doubles, both positive.
double moved(double value, int steps) { return from_bits(bits_of(value) + static_cast<std::uint64_t>(steps)); }

/// Place of a double in the line of all doubles; -0 and 0 share one.
std::int64_t place_of(double value) {
    const std::int64_t magnitude = static_cast<std::int64_t>(bits_of(std::fabs(value)));
    return std::signbit(value) ? -magnitude : magnitude;
}

/// The largest distance seen between our value and the standard's, in representable doubles.
struct worst_case {
    std::int64_t ulps = 0;
    double at = 0.0;

    void add(double x, double ours, double standard) {
        const std::int64_t distance = std::abs(place_of(ours) - place_of(standard));
        if (distance <= ulps) return;
        ulps = distance;
        at = x;
    }
};

/// A uniformly random bit pattern among the finite positive doubles: every exponent, subnormals too.
struct random_positive {
    std::mt19937_64 engine{20240607};

    double operator()() {
        const double value = from_bits(engine() >> 1);
        return value > 0.0 && value <= DBL_MAX ? value : (*this)();
    }
};

/// Calls use(x) for the 40 doubles either side of every power of two.
template <class Use>
void for_each_near_a_binade_edge(Use&& use) {
    for (int exponent = -1074; exponent <= 1023; ++exponent) {
        const double edge = std::ldexp(1.0, exponent);
        for (int steps = -40; steps <= 40; ++steps) {
            const double x = moved(edge, steps);
            if (x > 0.0 && x <= DBL_MAX) use(x); // the smallest edge has no 40 positive neighbours below
        }
    }
}

// The claim of constexpr_math.hpp for log and cos, taken from the C library's value instead of the exact one. That
// value is itself off by up to an ulp, but the distance seen is 1 for log and for cos over a few turns, 2 at 1000.
constexpr std::int64_t claimed_ulps = 2;

} // namespace

TEST_CASE("sqrt is correctly rounded around every power of two") {
    worst_case worst;
    for_each_near_a_binade_edge([&](double x) { worst.add(x, detail::sqrt(x), std::sqrt(x)); });
    CAPTURE(worst.at);
    CHECK(worst.ulps == 0);
}

TEST_CASE("sqrt is correctly rounded at random bit patterns") {
    worst_case worst;
    random_positive next;
    for (int i = 0; i < 2'000'000; ++i) {
        const double x = next();
        worst.add(x, detail::sqrt(x), std::sqrt(x));
    }
    CAPTURE(worst.at);
    CHECK(worst.ulps == 0);
}

TEST_CASE("sqrt is correctly rounded in the binades of the tables, odd and even") {
    worst_case worst;
    std::mt19937_64 engine{1};
    for (int i = 0; i < 400'000; ++i) {
        const double fraction = from_bits(0x3FF0000000000000u | (engine() >> 12)); // [1, 2)
        for (const double x : {fraction, 2.0 * fraction}) worst.add(x, detail::sqrt(x), std::sqrt(x));
    }
    CAPTURE(worst.at);
    CHECK(worst.ulps == 0);
}

TEST_CASE("sqrt is correctly rounded next to squares, where a root is nearly representable") {
    worst_case worst;
    std::mt19937_64 engine{2};
    for (int i = 0; i < 100'000; ++i) {
        const double root = 1.0 + std::ldexp(static_cast<double>(engine() >> 38), -26); // its square is exact
        for (const int steps : {-1, 0, 1}) {
            const double x = moved(root * root, steps);
            worst.add(x, detail::sqrt(x), std::sqrt(x));
        }
    }
    CAPTURE(worst.at);
    CHECK(worst.ulps == 0);
}

TEST_CASE("sqrt of the values that have no digits") {
    CHECK(bits_of(detail::sqrt(0.0)) == bits_of(0.0));
    CHECK(bits_of(detail::sqrt(-0.0)) == bits_of(-0.0));
    CHECK(detail::sqrt(infinity) == infinity);
    CHECK(detail::sqrt(DBL_MAX) == std::sqrt(DBL_MAX));
    for (const double x : {-DBL_TRUE_MIN, -1.0, -DBL_MAX, -infinity, not_a_number}) {
        CAPTURE(x);
        CHECK(std::isnan(detail::sqrt(x)));
    }
}

TEST_CASE("log is within 2 ulp around every power of two") {
    worst_case worst;
    for_each_near_a_binade_edge([&](double x) { worst.add(x, detail::log(x), std::log(x)); });
    CAPTURE(worst.at);
    CHECK(worst.ulps <= claimed_ulps);
}

TEST_CASE("log is within 2 ulp at random bit patterns") {
    worst_case worst;
    random_positive next;
    for (int i = 0; i < 2'000'000; ++i) {
        const double x = next();
        worst.add(x, detail::log(x), std::log(x));
    }
    CAPTURE(worst.at);
    CHECK(worst.ulps <= claimed_ulps);
}

TEST_CASE("log is within 2 ulp around 1, where it has its zero") {
    CHECK(bits_of(detail::log(1.0)) == bits_of(0.0));
    worst_case worst;
    std::mt19937_64 engine{3};
    for (int i = 0; i < 20'000; ++i) {
        const double offset = std::ldexp(static_cast<double>(engine() >> 11), -53); // [0, 1)
        for (int exponent = 0; exponent > -53; exponent -= 2) {
            const double distance = std::ldexp(offset, exponent);
            for (const double x : {1.0 + distance, 1.0 - 0.5 * distance}) worst.add(x, detail::log(x), std::log(x));
        }
    }
    CAPTURE(worst.at);
    CHECK(worst.ulps <= claimed_ulps);
}

TEST_CASE("cos is within 2 ulp on the quarter turn that schedules use") {
    worst_case worst;
    constexpr int points = 1'000'000;
    for (int i = 0; i <= points; ++i) {
        const double x = detail::pi / 2 * i / points;
        worst.add(x, detail::cos(x), std::cos(x));
    }
    CAPTURE(worst.at);
    CHECK(worst.ulps <= claimed_ulps);
}

TEST_CASE("cos is within 2 ulp up to 1000, either sign") {
    worst_case worst;
    std::mt19937_64 engine{4};
    std::uniform_real_distribution<double> draw{-1000.0, 1000.0};
    for (int i = 0; i < 1'000'000; ++i) {
        const double x = draw(engine);
        worst.add(x, detail::cos(x), std::cos(x));
    }
    CAPTURE(worst.at);
    CHECK(worst.ulps <= claimed_ulps);
}

TEST_CASE("cos is within 2 ulp next to the multiples of a quarter turn") {
    worst_case worst;
    const auto compare_near = [&worst](int quarters) {
        for (int steps = -8; steps <= 8; ++steps) {
            const double x = moved(quarters * (detail::pi / 2), steps);
            worst.add(x, detail::cos(x), std::cos(x));
            worst.add(-x, detail::cos(-x), std::cos(-x));
        }
    };
    for (int quarters = 1; quarters <= 640; ++quarters) compare_near(quarters);            // up to 1000
    for (int quarters = 641; quarters <= 667'543; quarters += 101) compare_near(quarters); // up to 2^20
    CAPTURE(worst.at);
    CHECK(worst.ulps <= claimed_ulps);
    CHECK(detail::cos(0.0) == 1.0);
    CHECK(detail::cos(-0.0) == 1.0);
    CHECK(detail::cos(DBL_TRUE_MIN) == 1.0);
}

TEST_CASE("round_half_even rounds as the C library does") {
    const auto agrees = [](double x) { return detail::round_half_even(x) == static_cast<int>(std::nearbyint(x)); };
    int wrong = 0;
    for (int halves = 1; halves <= 200'000; ++halves)
        for (const int steps : {-1, 0, 1}) wrong += agrees(moved(0.5 * halves, steps)) ? 0 : 1;
    std::mt19937_64 engine{5};
    std::uniform_real_distribution<double> draw{0.0, 2147483647.0};
    for (int i = 0; i < 200'000; ++i) wrong += agrees(draw(engine)) ? 0 : 1;
    CHECK(wrong == 0);
    CHECK(detail::round_half_even(0.0) == 0);
    CHECK(detail::round_half_even(2147483646.5) == 2147483646);
    CHECK(detail::round_half_even(2147483647.0) == 2147483647);
}

namespace {

/// One result of each function, from one x.
struct results {
    double root;
    double logarithm;
    double cosine;
    int rounded;
};

constexpr results evaluate(double x) {
    return {detail::sqrt(x), detail::log(x), detail::cos(x), detail::round_half_even(x)};
}

constexpr bool same(double a, double b) { return a <= b && a >= b; }

constexpr bool operator==(const results& a, const results& b) {
    return same(a.root, b.root) && same(a.logarithm, b.logarithm) && same(a.cosine, b.cosine) &&
           a.rounded == b.rounded;
}

constexpr double inputs[] = {0x1p-1074, 1e-300, 0.00085, 0.012, 0.1,   0.5, 1.0, 1.5707963267948966,   2.0,
                             2.5,       3.0,    3.5,     10.0,  500.5, 1e3, 1e5, 0x1.921fb54442d18p+9, 1048575.5};
constexpr int input_count = sizeof inputs / sizeof *inputs;

struct result_table {
    results of[input_count];
};

constexpr result_table evaluate_all() {
    result_table table{};
    for (int i = 0; i < input_count; ++i) table.of[i] = evaluate(inputs[i]);
    return table;
}

constexpr result_table constants = evaluate_all();

static_assert(same(detail::sqrt(2.0), 0x1.6a09e667f3bcdp+0), "root 2 to 53 digits");
static_assert(same(detail::sqrt(0x1p-1074), 0x1p-537), "the smallest double");
static_assert(same(detail::log(1.0), 0.0), "exact at its zero");
static_assert(same(detail::cos(0.0), 1.0), "exact at its maximum");
static_assert(detail::round_half_even(2.5) == 2 && detail::round_half_even(3.5) == 4, "ties to even");

} // namespace

TEST_CASE("a constant and the run time have the same bits") {
    for (int i = 0; i < input_count; ++i) {
        volatile double hidden = inputs[i]; // so that nothing is folded
        CAPTURE(inputs[i]);
        CHECK(evaluate(hidden) == constants.of[i]);
    }
}
