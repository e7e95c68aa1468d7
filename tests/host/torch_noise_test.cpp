// torch's normals: what torch itself gave, and where on a card each number is from.
#include "ddim/torch_noise.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "ddim/random.hpp"

namespace {

using ddim::status;

// torch's log, sin and cos in float32 (AVX-512) are off by a unit or two in the last place, which is 4.8e-7 for the
// largest normals: over 170 million of them its results and ours were at most 7.2e-7 apart, 3.3e-8 in the root mean
// square.
constexpr double tolerance = 1e-6;

bool is_near(float got, double want, double most = tolerance) {
    return std::fabs(static_cast<double>(got) - want) <= most;
}

template <class Generator>
std::vector<float> randn(Generator& torch, std::size_t count) {
    std::vector<float> values(count + 1, 99.0f);
    REQUIRE(torch.fill_normals({values.data(), count}) == status::ok);
    CHECK(values.back() == 99.0f); // what lies behind is not touched
    values.pop_back();
    return values;
}

/// The values from `first` on.
void check_values(const std::vector<float>& got, const std::vector<double>& want, std::size_t first = 0,
                  double most = tolerance) {
    REQUIRE(got.size() >= first + want.size());
    for (std::size_t i = 0; i < want.size(); ++i) {
        CAPTURE(i);
        CAPTURE(got[first + i]);
        CHECK(is_near(got[first + i], want[i], most));
    }
}

/// The values that a call ends with.
void check_end(const std::vector<float>& got, const std::vector<double>& want) {
    check_values(got, want, got.size() - want.size());
}

// ---- A card's numbers, said anew

/// Of curand_normal4() at a counter, in double but for the two roundings of its uniforms.
struct card_normal {
    double value;
    double radius;
};

card_normal normal_of(std::uint64_t seed, std::uint64_t call, std::uint64_t thread, unsigned component) {
    const ddim::philox_block block =
        ddim::philox4x32_10({{static_cast<std::uint32_t>(call), static_cast<std::uint32_t>(call >> 32),
                              static_cast<std::uint32_t>(thread), static_cast<std::uint32_t>(thread >> 32)}},
                            seed);
    const bool second = component >= 2;
    const float uniform = static_cast<float>(block.word[second ? 2 : 0]) * 0x1p-32f + 0x1p-33f;
    constexpr float turn = 6.2831853f * 0x1p-32f;
    const float angle = std::fma(static_cast<float>(block.word[second ? 3 : 1]), turn, turn / 2.0f);
    const double radius = std::sqrt(-2.0 * std::log(static_cast<double>(uniform)));
    const double v = static_cast<double>(angle);
    return {radius * (component % 2 == 0 ? std::sin(v) : std::cos(v)), radius};
}

/// How many of a call's values are not what their places say: `threads` at work, which drew `calls` times before.
int misplaced(const std::vector<float>& got, std::uint64_t seed, std::uint64_t calls, std::uint64_t threads) {
    int wrong = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
        const std::uint64_t round = i / (4 * threads);
        const unsigned component = static_cast<unsigned>(i / threads % 4);
        const card_normal want = normal_of(seed, calls + round, i % threads, component);
        // The radius is off by 1.2e-7 of itself (random_test.cpp), direction and product are rounded to float32.
        wrong += is_near(got[i], want.value, 2.5e-7 * want.radius) ? 0 : 1;
    }
    return wrong;
}

} // namespace

// ---- The CPU's. Golden numbers: torch.randn(n, generator=torch.Generator().manual_seed(seed)) of torch 2.9.1.

TEST_CASE("torch's CPU generator: fewer than 16 values, 16, and the rest of sixteens") {
    struct golden_values {
        std::uint64_t seed;
        std::vector<double> values; // as many as are asked for
    };
    const golden_values cases[] = {
        {0, {1.54099607, -0.293428898, -2.17878938, 0.568431258}},
        {0,
         {-1.12583983, -1.1523602, -0.250578582, -0.433878809, 0.848710358, 0.692009151, -0.31601277, -2.11521935,
          0.322274923, -1.26333475, 0.349983186, 0.30813393, 0.119841509, 1.2376579, 1.11677718, -0.247278154}},
        {0,
         {-1.12583983, -1.6959312, 0.566650629, 0.793508351, 0.598839462, -1.55509508, -0.34136039, 1.85300612,
          0.468096405, -0.585497558, -0.173396751, 0.183477938, 1.38936615, 1.58633423, 0.946298361, -0.843676746,
          0.931826591}},
        {42, {0.336690366, 0.128809407, 0.234462366, 0.23033303}},
        {42,
         {1.92691529, 1.48728406, 0.900717199, -2.10552096, 0.678418458, -1.23454487, -0.0430674776, -1.60466695,
          -0.752135277, 1.64872301, -0.392478645, -1.40360713, -0.727881312, -0.559430182, -0.768838882, 0.76244539}},
        {42,
         {1.92691529, -0.159597471, -0.497397542, 0.439589262, -0.758131146, 1.07831764, 0.800800562, 1.68062055,
          0.355859905, 1.29642284, 0.61046648, 1.33473778, -0.23162432, 0.041759491, -0.251575291, 0.859858513,
          -0.309726775}},
        {1234, {0.0461304635, 0.402402818, -1.01152909, 0.216738239}},
        {1234,
         {-0.111718565, -0.496590108, 0.163073704, -0.88168776, 0.0539001934, 0.668373704, -0.0596576072,
          -0.467497945, -0.215252936, 0.883961618, -0.758416891, -0.368867904, -0.342393607, -1.40197182, 0.320647985,
          -1.0218575}},
        {1234,
         {-0.111718565, -0.092287533, -0.704919696, -1.60236216, 0.28909719, 0.489870846, -0.385274619, -0.712034583,
          0.636912644, -1.45943868, 0.220659077, 0.246252075, -1.32481194, 0.696980536, -0.66305387, 1.21575689,
          -2.52733517}},
    };
    for (const golden_values& each : cases) {
        CAPTURE(each.seed);
        CAPTURE(each.values.size());
        ddim::torch_cpu_generator torch(each.seed);
        check_values(randn(torch, each.values.size()), each.values);
    }
}

TEST_CASE("torch's CPU generator: a latent of 4 x 64 x 64") {
    struct golden_summary {
        std::uint64_t seed;
        double sum, largest, last;
    };
    for (const golden_summary& want : {golden_summary{0, -124.112699899, 4.34328032, -1.07820797},
                                       {42, 149.764800439, 4.22088528, -0.293406099},
                                       {1234, -6.56993372724, 4.06878233, 1.57986307}}) {
        CAPTURE(want.seed);
        ddim::torch_cpu_generator torch(want.seed);
        const std::vector<float> values = randn(torch, 16384);
        double sum = 0.0;
        float largest = 0.0f;
        for (const float value : values) {
            sum += static_cast<double>(value);
            largest = std::max(largest, std::fabs(value));
        }
        CHECK(std::fabs(sum - want.sum) <= 2e-5); // five times the root of 16384 times the root mean square
        CHECK(is_near(largest, want.largest));
        CHECK(is_near(values.back(), want.last));
    }
}

TEST_CASE("torch's CPU generator goes on from call to call, keeping a normal below 16") {
    // torch 2.9.1: g = torch.Generator().manual_seed(7); for n in (3, 16, 1, 5, 17, 2, 20): randn(n,
    // generator=g)[-3:]
    struct golden_call {
        std::size_t count;
        std::vector<double> end;
    };
    ddim::torch_cpu_generator torch(7);
    for (const golden_call& call : {golden_call{3, {-0.146795094, 0.786141276, 0.94682163}}, // one kept
                                    {16, {0.35274902, -1.08420193, -0.887490094}},           // not read here
                                    {1, {-1.114344}},                                        // but here
                                    {5, {1.39545083, 1.34702265, 2.4382081}},
                                    {17, {1.61204672, 1.56712377, -0.938839138}},
                                    {2, {0.202758282, -0.348507017}},
                                    {20, {-1.21450365, 1.77113795, 0.507076442}}}) {
        CAPTURE(call.count);
        check_end(randn(torch, call.count), call.end);
    }

    // What one call gives one at a time, several give too.
    ddim::torch_cpu_generator once(7), often(7);
    std::vector<float> parts;
    for (const std::size_t count : {3u, 1u, 0u, 4u, 5u, 2u})
        for (const float value : randn(often, count)) parts.push_back(value);
    CHECK(randn(once, 15) == parts);
}

TEST_CASE("torch's CPU generator takes the low 32 bits of a seed") {
    const std::uint64_t two_to_32 = std::uint64_t{1} << 32, largest = std::numeric_limits<std::uint64_t>::max();
    ddim::torch_cpu_generator low(42), high(two_to_32 + 42), all_ones(largest), low_ones(two_to_32 - 1);
    CHECK(randn(low, 100) == randn(high, 100));
    const std::vector<float> of_ones = randn(all_ones, 4);
    CHECK(of_ones == randn(low_ones, 4));
    check_values(of_ones, {1.21976304, -0.392979473, 1.0230751, -0.373421133}); // torch 2.9.1
}

TEST_CASE("torch's CPU generator: no values, and no place for them") {
    ddim::torch_cpu_generator torch(42);
    CHECK(torch.fill_normals({nullptr, 4}) == status::values_null);
    CHECK(torch.fill_normals({}) == status::values_null);
    CHECK(randn(torch, 0).empty());
    check_values(randn(torch, 4), {0.336690366, 0.128809407, 0.234462366, 0.23033303}); // nothing was drawn
}

// ---- CUDA's

TEST_CASE("torch's CUDA generator: numbers that torch published") {
    constexpr std::int64_t orin_nano = 12288;
    ddim::torch_cuda_generator torch(0, orin_nano);
    check_values(randn(torch, 12), {-0.92466259, -0.42534415, -2.6438457, 0.14518388, -0.12086647, -0.57972564,
                                    -0.62285122, -0.32838709, -1.07454231, -0.36314407, -1.67105067, 2.26550497});
    check_values(randn(torch, 4), {0.18082581, -0.55226266, 0.92381340, -0.73497027});

    constexpr double printed = 0.5e-4 + tolerance; // in four digits
    ddim::torch_cuda_generator ten(10, orin_nano), answer(42, orin_nano);
    check_values(randn(ten, 3), {-0.1029, 1.6810, -0.2708}, 0, printed);   // pytorch #79496
    check_values(randn(answer, 3), {0.1940, 2.1614, -0.1721}, 0, printed); // pytorch #158398
}

TEST_CASE("torch's CUDA generator beyond its threads: four components, then next counters") {
    constexpr std::uint64_t seed = 0x123456789ABCDEF0;
    for (const std::int64_t most : {512, 600, 767}) { // whole blocks of 256
        CAPTURE(most);
        ddim::torch_cuda_generator torch(seed, most);
        CHECK(misplaced(randn(torch, 5000), seed, 0, 512) == 0); // three rounds of 2048
        CHECK(misplaced(randn(torch, 300), seed, 3, 512) == 0);
        CHECK(misplaced(randn(torch, 200), seed, 4, 256) == 0);  // one block is enough
        CHECK(misplaced(randn(torch, 2048), seed, 5, 512) == 0); // full
        CHECK(misplaced(randn(torch, 2049), seed, 6, 512) == 0); // and one more: a round for it
        CHECK(misplaced(randn(torch, 1), seed, 8, 256) == 0);
        CHECK(misplaced(randn(torch, 1), seed, 8, 256) == 1); // the check can fail
    }
}

TEST_CASE("torch's CUDA generator up to its threads: all are first components") {
    // Multiprocessors times threads, from Orin Nano of 4 GB to H100.
    for (const std::int64_t most : {6144, 12288, 16384, 21504, 24576, 40960, 125952, 221184, 270336}) {
        CAPTURE(most);
        const std::uint64_t threads = static_cast<std::uint64_t>(most);
        ddim::torch_cuda_generator torch(3, most);
        const std::vector<float> full = randn(torch, threads), more = randn(torch, threads + 1);
        CHECK(misplaced(full, 3, 0, full.size()) == 0); // as if there were no end of threads
        CHECK(misplaced({more.begin(), more.end() - 1}, 3, 1, full.size()) == 0);
        CHECK(is_near(more.back(), normal_of(3, 1, 0, 1).value));
    }
}

TEST_CASE("torch's CUDA generator: no values, no place for them, no threads") {
    ddim::torch_cuda_generator torch(0, 256);
    CHECK(torch.fill_normals({nullptr, 4}) == status::values_null);
    CHECK(torch.fill_normals({}) == status::values_null);
    CHECK(randn(torch, 0).empty());
    check_values(randn(torch, 2), {-0.92466259, -0.42534415}); // nothing was drawn
    float value = 99.0f;
    for (const std::int64_t most : {std::int64_t{255}, std::int64_t{0}, std::numeric_limits<std::int64_t>::min()}) {
        CAPTURE(most);
        CHECK(ddim::torch_cuda_generator(0, most).fill_normals({&value, 1}) == status::option_out_of_range);
    }
    CHECK(value == 99.0f);
}
