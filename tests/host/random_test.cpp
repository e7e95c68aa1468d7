// The noise stream: its published bits, its normals against libm, its statistics, and that a number depends
// on nothing but its place.
#include "ddim/random.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "ddim/host.hpp"
#include "platform/host/noise.hpp"
#include "support/arena.hpp"
#include "support/config.hpp"

namespace {

using ddim::noise_purpose;
using ddim::status;
using ddim::detail::block_elements;
using ddim::detail::box_muller_direction;
using ddim::detail::box_muller_radius;
using ddim::detail::float_bits;

bool same_bits(float a, float b) { return float_bits(a) == float_bits(b); }

// ---- The bits

struct known_answer {
    ddim::philox_block counter;
    std::uint64_t key;
    ddim::philox_block result;
};

// Random123's kat_vectors, philox4x32 with 10 rounds.
constexpr known_answer known_answers[] = {
    {{{0, 0, 0, 0}}, 0, {{0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8}}},
    {{{0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF}},
     0xFFFFFFFFFFFFFFFF,
     {{0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD}}},
    {{{0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344}},
     0x299F31D0A4093822,
     {{0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1}}},
};

// ---- The normals of given bits

constexpr double two_pi = 6.283185307179586;

// 1.15e-7 is the most over all 2^32 inputs, of the radius relative and of a direction absolute: two roundings
// of float32 (6e-8 each). A platform's libm in double adds nothing that shows.
constexpr double formula_tolerance = 1.3e-7;

/// (bits + 1/2) / 2^32 as float32 holds it.
double rounded_uniform(std::uint32_t bits) {
    return static_cast<double>(static_cast<float>(bits) * 0x1p-32f + 0x1p-33f);
}

/// Calls use(bits) for every 1021st number (a prime), and each one near the ends and the edges of the
/// octants.
template <class Use>
void for_dense_bits(Use&& use) {
    for (std::uint64_t bits = 0; bits <= 0xFFFFFFFF; bits += 1021) use(static_cast<std::uint32_t>(bits));
    for (std::uint32_t octant = 0; octant < 8; ++octant)
        for (std::uint32_t offset = 0; offset < 4000; ++offset) use((octant << 29) + offset - 2000); // wraps at 0
}

// ---- The stream

/// Where a stream of elements lies.
struct place {
    std::uint64_t seed = 20240607;
    std::uint32_t sample = 0;
    std::uint32_t step = 0;
    noise_purpose purpose = noise_purpose::step;
};

/// What a backend is told of a place of row 0, from element `first` on.
ddim::noise_source source_of(const place& at, const ddim::run_values& values) {
    ddim::noise_source source;
    source.values = &values;
    source.first_sample = at.sample;
    source.step = at.step;
    source.purpose = at.purpose;
    return source;
}

void draw_block(const place& at, std::int64_t first, float (&normals)[block_elements]) {
    const ddim::run_values values{at.seed, 1.0f};
    ddim::detail::draw_normals(source_of(at, values), {0, first, first, block_elements}, normals);
}

/// Calls use(normal) for elements 0 .. count - 1, count a multiple of the block.
template <class Use>
void for_each_normal(const place& at, int count, Use&& use) {
    float normals[block_elements];
    for (int first = 0; first < count; first += block_elements) {
        draw_block(at, first, normals);
        for (const float normal : normals) use(static_cast<double>(normal));
    }
}

constexpr int samples = 10;
constexpr int sample_elements = 1 << 20;
constexpr double draws = double{samples} * sample_elements;

/// Calls use(normal) for 10^7 of them.
template <class Use>
void for_ten_million(Use&& use) {
    for (std::uint32_t sample = 0; sample < samples; ++sample)
        for_each_normal({1, sample, 0, noise_purpose::initial}, sample_elements, use);
}

std::vector<float> stream(const place& at) {
    std::vector<float> values;
    values.reserve(sample_elements);
    for_each_normal(at, sample_elements, [&values](double normal) { values.push_back(static_cast<float>(normal)); });
    return values;
}

double phi(double x) { return 0.5 * std::erfc(-x * std::sqrt(0.5)); }

/// Mean of the products, and of the products of the squares less one, halved: for independent normals both
/// have mean 0 and deviation 1. The squares would betray a shared radius, which leaves the numbers
/// uncorrelated.
struct correlation {
    double of_values = 0.0;
    double of_squares = 0.0;
};

correlation correlate(const float* a, const float* b, int count) {
    correlation sum;
    for (int i = 0; i < count; ++i) {
        const double x = static_cast<double>(a[i]), y = static_cast<double>(b[i]);
        sum.of_values += x * y;
        sum.of_squares += 0.5 * (x * x - 1.0) * (y * y - 1.0);
    }
    return {sum.of_values / count, sum.of_squares / count};
}

void check_independent(const float* a, const float* b, int count) {
    const double five_deviations = 5.0 / std::sqrt(static_cast<double>(count));
    const correlation found = correlate(a, b, count);
    CHECK(std::fabs(found.of_values) < five_deviations);
    CHECK(std::fabs(found.of_squares) < five_deviations);
}

// ---- Whole runs

int half_of_input(void*, const ddim::model_call& call) noexcept {
    const float* input = static_cast<const float*>(call.input);
    float* output = static_cast<float*>(call.output);
    for (std::int64_t i = 0; i < call.rows * call.elements; ++i) output[i] = 0.5f * input[i];
    return 0;
}

/// The samples first_sample .. first_sample + batch - 1 of a run, drawn and noisy.
std::vector<float> run_shard(std::int64_t first_sample, std::int64_t batch, std::int64_t elements) {
    ddim::sampler_config config =
        test_support::make_config(test_support::noisy_plan<4>, {batch, elements}, {&half_of_input, nullptr});
    config.first_sample = first_sample;
    config.backend = ddim::host_backend();
    test_support::guarded_arena arena(test_support::arena_bytes_of(config));
    config.arena = arena.view();
    std::vector<float> x(static_cast<std::size_t>(batch * elements));
    ddim::sampler sampler;
    REQUIRE(sampler.init(config) == status::ok);
    REQUIRE(sampler.run({x.data(), x.size()}, 42) == status::ok);
    return x;
}

/// Whether `part` is what `whole` holds from row `row` on, bit for bit.
bool holds_rows(const std::vector<float>& whole, std::int64_t row, std::int64_t elements,
                const std::vector<float>& part) {
    return std::equal(part.begin(), part.end(), whole.begin() + row * elements, same_bits);
}

/// How many of a batch's numbers are not those of the contract.
int misplaced(const std::vector<float>& values, const ddim::shape& dims, const place& first) {
    int wrong = 0;
    for (std::int64_t i = 0; i < dims.batch * dims.elements; ++i) {
        const std::uint32_t sample = first.sample + static_cast<std::uint32_t>(i / dims.elements);
        const std::int64_t element = i % dims.elements;
        const ddim::normal_block block =
            ddim::normals_at(first.seed, static_cast<std::uint32_t>(element / 4), sample, first.step, first.purpose);
        wrong += same_bits(values[static_cast<std::size_t>(i)], block.value[element % 4]) ? 0 : 1;
    }
    return wrong;
}

} // namespace

TEST_CASE("Philox gives Random123's published answers") {
    for (const known_answer& answer : known_answers) {
        const ddim::philox_block result = ddim::philox4x32_10(answer.counter, answer.key);
        for (int i = 0; i < 4; ++i) CHECK(result.word[i] == answer.result.word[i]);
    }
}

TEST_CASE("the radius is libm's") {
    double worst = 0.0;
    float largest = 0.0f;
    int not_a_radius = 0;
    for_dense_bits([&](std::uint32_t bits) {
        const float radius = box_muller_radius(bits);
        const double expected = std::sqrt(-2.0 * std::log(rounded_uniform(bits)));
        not_a_radius += radius >= 0.0f ? 0 : 1;
        largest = std::max(largest, radius);
        worst = std::max(worst, std::fabs(static_cast<double>(radius) - expected) / std::max(expected, 1e-30));
    });
    CHECK(not_a_radius == 0);
    CHECK(worst <= formula_tolerance);
    CHECK(same_bits(largest, box_muller_radius(0)));
    CHECK(largest == doctest::Approx(6.7637).epsilon(1e-5)); // sqrt(66 ln 2)
    CHECK(box_muller_radius(0xFFFFFFFF) == 0.0f);            // the uniform rounds to 1
}

TEST_CASE("a uniform rounded to float32 moves the radius by less than 2.5e-4, only near 0") {
    // Next to 1 the uniform is off by 2^-25, so r^2 = -2 ln u by 2^-24, so r by 2^-12 where r is as small
    // itself, and by 2^-25 / r above.
    double worst = 0.0, worst_above = 0.0;
    for_dense_bits([&](std::uint32_t bits) {
        const double exact = std::sqrt(-2.0 * std::log((bits + 0.5) * 0x1p-32));
        const double error = std::fabs(static_cast<double>(box_muller_radius(bits)) - exact);
        worst = std::max(worst, error);
        if (exact > 0.1) worst_above = std::max(worst_above, error);
    });
    CHECK(worst < 2.5e-4);
    CHECK(worst_above < 8e-7); // 3e-7 of the uniform at r = 0.1; 4.8e-7 of float32's roundings at r = 6.76
}

TEST_CASE("the direction is libm's") {
    double worst = 0.0;
    for_dense_bits([&worst](std::uint32_t bits) {
        const ddim::detail::direction found = box_muller_direction(bits);
        const double angle = two_pi * 0x1p-32 * bits;
        worst = std::max(worst, std::fabs(static_cast<double>(found.cosine) - std::cos(angle)));
        worst = std::max(worst, std::fabs(static_cast<double>(found.sine) - std::sin(angle)));
    });
    CHECK(worst <= formula_tolerance);
    CHECK(box_muller_direction(0).cosine == 1.0f);
    CHECK(box_muller_direction(0x40000000).sine == 1.0f);
    CHECK(box_muller_direction(0x80000000).cosine == -1.0f);
    CHECK(box_muller_direction(0xC0000000).sine == -1.0f);
}

TEST_CASE("the normals of extreme bits are finite, none above 6.764") {
    constexpr std::uint32_t extremes[] = {0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF};
    float largest = 0.0f;
    for (const std::uint32_t radius : extremes)
        for (const std::uint32_t angle : extremes) {
            const ddim::normal_block normals = ddim::normals_of({{radius, angle, angle, radius}});
            for (const float value : normals.value) {
                CHECK(std::isfinite(value));
                largest = std::max(largest, std::fabs(value));
            }
        }
    CHECK(same_bits(largest, box_muller_radius(0)));
}

TEST_CASE("the four normals of a block: cosine and sine of the first and second pair") {
    const ddim::normal_block normals = ddim::normals_of({{0x12345678, 0x9ABCDEF0, 0x0FEDCBA9, 0x87654321}});
    const double radius0 = std::sqrt(-2.0 * std::log(rounded_uniform(0x12345678)));
    const double radius1 = std::sqrt(-2.0 * std::log(rounded_uniform(0x0FEDCBA9)));
    const double angle0 = two_pi * 0x1p-32 * 0x9ABCDEF0, angle1 = two_pi * 0x1p-32 * 0x87654321;
    // Both factors are off by the formulas' tolerance at most, and radii here below 3.
    constexpr double tolerance = 2 * 3 * formula_tolerance;
    CHECK(std::fabs(static_cast<double>(normals.value[0]) - radius0 * std::cos(angle0)) < tolerance);
    CHECK(std::fabs(static_cast<double>(normals.value[1]) - radius0 * std::sin(angle0)) < tolerance);
    CHECK(std::fabs(static_cast<double>(normals.value[2]) - radius1 * std::cos(angle1)) < tolerance);
    CHECK(std::fabs(static_cast<double>(normals.value[3]) - radius1 * std::sin(angle1)) < tolerance);
}

TEST_CASE("a block of the host's loops has the bits of the single normals") {
    struct block_start {
        place at;
        std::int64_t first;
    };
    const block_start starts[] = {
        {{0, 0, 0, noise_purpose::initial}, 0},
        {{1, 2, 3, noise_purpose::step}, 256},
        {{0xFFFFFFFFFFFFFFFF, 0xFFFFFFFF, 999, noise_purpose::step}, 4},
        {{0x100000000, 7, 0, noise_purpose::initial}, (std::int64_t{1} << 34) - block_elements},
    };
    for (const block_start& start : starts) {
        CAPTURE(start.first);
        const place& at = start.at;
        float normals[block_elements];
        draw_block(at, start.first, normals);
        int wrong = 0;
        for (int i = 0; i < block_elements; ++i) {
            const std::uint32_t group = static_cast<std::uint32_t>((start.first + i) / 4);
            const ddim::normal_block single = ddim::normals_at(at.seed, group, at.sample, at.step, at.purpose);
            wrong += same_bits(normals[i], single.value[i % 4]) ? 0 : 1;
        }
        CHECK(wrong == 0);
    }
}

TEST_CASE("a block of words has the bits of Philox") {
    const place at{0xFEDCBA9876543210, 3, 2, noise_purpose::dropout};
    constexpr std::int64_t first = 512;
    std::uint32_t words[block_elements];
    const ddim::run_values values{at.seed, 1.0f};
    ddim::detail::draw_words(source_of(at, values), {0, first, first, block_elements}, words);
    int wrong = 0;
    for (int i = 0; i < block_elements; ++i) {
        const std::uint32_t group = static_cast<std::uint32_t>((first + i) / 4);
        const ddim::philox_block block =
            ddim::philox4x32_10({{group, at.sample, at.step, static_cast<std::uint32_t>(at.purpose)}}, at.seed);
        wrong += words[i] == block.word[i % 4] ? 0 : 1;
    }
    CHECK(wrong == 0);
}

// Seeds are fixed: these tests pass or fail for good. Right normals would miss five deviations once in 2 million
// seeds, so that a failure after a change is the change's.

TEST_CASE("ten million normals have the moments of the normal distribution") {
    double sum = 0.0, sum2 = 0.0, sum3 = 0.0, sum4 = 0.0;
    for_ten_million([&](double x) {
        const double square = x * x;
        sum += x;
        sum2 += square;
        sum3 += square * x;
        sum4 += square * square;
    });
    const double mean = sum / draws;
    const double variance = sum2 / draws - mean * mean;
    const double third = sum3 / draws - 3.0 * mean * variance - mean * mean * mean;
    const double fourth = sum4 / draws - 4.0 * mean * third - 6.0 * mean * mean * variance - std::pow(mean, 4);
    CHECK(std::fabs(mean) < 5.0 * std::sqrt(1.0 / draws));
    CHECK(std::fabs(variance - 1.0) < 5.0 * std::sqrt(2.0 / draws));
    CHECK(std::fabs(third / std::pow(variance, 1.5)) < 5.0 * std::sqrt(6.0 / draws));
    CHECK(std::fabs(fourth / (variance * variance) - 3.0) < 5.0 * std::sqrt(24.0 / draws));
}

TEST_CASE("the tails of ten million normals beyond 3, 4 and 5 are as full as they should be") {
    int above[3] = {}, below[3] = {};
    for_ten_million([&](double x) {
        for (int k = 0; k < 3; ++k) {
            above[k] += x > k + 3 ? 1 : 0;
            below[k] += x < -(k + 3) ? 1 : 0;
        }
    });
    for (int k = 0; k < 3; ++k) {
        CAPTURE(k);
        const double expected = draws * phi(-(k + 3.0)); // beyond 5: 3 on either side
        CHECK(std::fabs(above[k] - expected) < 5.0 * std::sqrt(expected));
        CHECK(std::fabs(below[k] - expected) < 5.0 * std::sqrt(expected));
        CHECK(above[k] > 0);
        CHECK(below[k] > 0);
    }
}

TEST_CASE("ten million normals pass the Kolmogorov-Smirnov test") {
    // On a grid instead of at every draw, so that nothing is sorted: that can only miss what happens within a
    // cell, 2.5e-5 of the draws.
    constexpr int cells_per_unit = 1 << 14, reach = 8, cells = 2 * reach * cells_per_unit;
    std::vector<int> histogram(cells);
    for_ten_million([&](double x) { ++histogram[static_cast<std::size_t>((x + reach) * cells_per_unit)]; });
    double worst = 0.0;
    std::int64_t below = 0;
    for (int cell = 0; cell < cells; ++cell) {
        below += histogram[static_cast<std::size_t>(cell)];
        const double edge = (cell + 1.0) / cells_per_unit - reach;
        worst = std::max(worst, std::fabs(static_cast<double>(below) / draws - phi(edge)));
    }
    constexpr double significance = 1e-4; // P(distance > d) = 2 exp(-2 n d^2)
    CHECK(worst < std::sqrt(std::log(2.0 / significance) / (2.0 * draws)));
}

TEST_CASE("neighbouring elements are independent") {
    const std::vector<float> values = stream({});
    for (const int lag : {1, 2, 3, 4, 5, 8, block_elements}) {
        CAPTURE(lag);
        check_independent(values.data(), values.data() + lag, sample_elements - lag);
    }
}

TEST_CASE("samples, steps, purposes and seeds share nothing") {
    const std::vector<float> base = stream({5, 5, 5, noise_purpose::step});
    const place others[] = {
        {5, 6, 5, noise_purpose::step},    {5, 5, 6, noise_purpose::step},
        {5, 5, 5, noise_purpose::initial}, {5, 5, 5, noise_purpose::mask},
        {6, 5, 5, noise_purpose::step},    {5 + (std::uint64_t{1} << 32), 5, 5, noise_purpose::step},
    };
    for (const place& other : others) {
        CAPTURE(other.seed);
        CAPTURE(other.sample);
        CAPTURE(other.step);
        CAPTURE(static_cast<std::uint32_t>(other.purpose));
        check_independent(base.data(), stream(other).data(), sample_elements);
    }
}

TEST_CASE("the backend puts the contract's numbers in place") {
    const place first{0xFEDCBA9876543210, 0xFFFFFFF0, 0, noise_purpose::initial};
    for (const std::int64_t elements : {1, 2, 3, 5, 255, 256, 257, 1000}) {
        CAPTURE(elements);
        const ddim::shape dims{3, elements};
        const ddim::run_values values{first.seed, 1.0f};
        std::vector<float> x(static_cast<std::size_t>(3 * elements), 5.0f);
        ddim::prepare_job job;
        job.initial = ddim::initial_state::drawn;
        job.dims = dims;
        job.x = x.data();
        job.noise = source_of(first, values);
        REQUIRE(ddim::host_backend().prepare(nullptr, job) == 0);
        CHECK(misplaced(x, dims, first) == 0);

        const place later{first.seed, first.sample, 17, noise_purpose::step};
        ddim::step_row noise_alone; // x' = 1 noise
        noise_alone.u_n = 1.0f;
        ddim::step_job step;
        step.dims = dims;
        step.row = &noise_alone;
        step.x = x.data();
        const std::vector<float> output(x.size());
        step.conditional = output.data();
        step.noise = source_of(later, values);
        REQUIRE(ddim::host_backend().step(nullptr, step) == 0);
        CHECK(misplaced(x, dims, later) == 0);
    }
}

TEST_CASE("a sample is the same alone, in a batch and in a shard") {
    for (const std::int64_t elements : {1, 2, 3, 5, 255, 256, 257, 1000}) {
        CAPTURE(elements);
        const std::vector<float> whole = run_shard(0, 8, elements);
        for (std::int64_t row = 0; row < 8; ++row) {
            CAPTURE(row);
            CHECK(holds_rows(whole, row, elements, run_shard(row, 1, elements)));
        }
        CHECK(holds_rows(whole, 0, elements, run_shard(0, 3, elements)));
        CHECK(holds_rows(whole, 3, elements, run_shard(3, 5, elements)));
        CHECK_FALSE(holds_rows(whole, 0, elements, run_shard(1, 1, elements)));
    }
}
