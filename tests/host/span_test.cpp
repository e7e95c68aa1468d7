// What a span may be made of. (What it may not: tests/compile_fail.)
#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <string>
#include <type_traits>
#include <vector>

#include "ddim/host.hpp"

namespace {

using reading = ddim::span<const float>;
using writing = ddim::span<float>;

/// std::span of C++20, as far as it matters here: as const as its elements are.
template <class Element>
struct view {
    Element* first;
    std::size_t count;
    Element* data() const { return first; }
    std::size_t size() const { return count; }
};

/// A container whose size is an int, as Qt's are.
struct counted_in_int {
    float values[3] = {1, 2, 3};
    float* data() { return values; }
    const float* data() const { return values; }
    int size() const { return 3; }
};

struct base {
    int value;
};
struct wider : base {
    int more;
};

/// Not known how much lies there.
struct unsized {
    float* data() const { return nullptr; }
};

template <class From, class To>
constexpr bool becomes = std::is_convertible_v<From, To>;

static_assert(becomes<writing, reading> && becomes<writing&, reading> && !becomes<reading, writing>);
static_assert(becomes<std::vector<float>&, reading> && becomes<std::vector<float>&, writing>);
static_assert(becomes<const std::vector<float>&, reading> && !becomes<const std::vector<float>&, writing>);
static_assert(becomes<const std::array<float, 3>&, reading> && !becomes<const std::array<float, 3>&, writing>);
static_assert(becomes<std::array<const float, 3>&, reading> && !becomes<std::array<const float, 3>&, writing>);
static_assert(becomes<view<float>, reading> && becomes<view<float>, writing> && becomes<const view<float>&, writing>);
static_assert(becomes<view<const float>, reading> && !becomes<view<const float>, writing>);
static_assert(becomes<counted_in_int&, reading> && becomes<const counted_in_int&, reading>);
// Gone at once.
static_assert(!becomes<std::vector<float>, reading> && !becomes<std::array<float, 3>, reading>);
static_assert(!becomes<counted_in_int, reading>);
static_assert(!becomes<float[3], reading> && !becomes<const float[3], reading> && becomes<float (&)[3], reading>);
// Other elements.
static_assert(!becomes<std::vector<double>&, reading> && !becomes<std::vector<int>&, reading>);
static_assert(!becomes<std::string&, reading> && !becomes<int*, reading> && !becomes<float*, reading>);
static_assert(!becomes<std::vector<wider>&, ddim::span<base>> && !becomes<wider (&)[2], ddim::span<base>>);
static_assert(!becomes<unsized&, reading> && !becomes<unsized, reading>);
// A plan's view.
static_assert(becomes<const ddim::plan<3>&, ddim::plan_view> && !becomes<ddim::plan<3>, ddim::plan_view>);

constexpr float table[] = {1.0f, 2.0f};
constexpr reading of_table = table;
static_assert(of_table.data == table && of_table.size == 2);

template <class Lender>
void check_lends(Lender& lender) {
    const reading seen = lender;
    CHECK(seen.data == lender.data());
    CHECK(seen.size == static_cast<std::size_t>(lender.size()));
}

} // namespace

TEST_CASE("a span shows all that its container has") {
    std::vector<float> values(5);
    check_lends(values);
    std::array<float, 7> array{};
    check_lends(array);
    counted_in_int counted;
    check_lends(counted);
    view<float> shown{values.data(), 4};
    check_lends(shown);
    const reading moved = view<float>{values.data(), 4};
    CHECK((moved.data == values.data() && moved.size == 4));
    const writing whole = values;
    const reading same = whole;
    CHECK((same.data == values.data() && same.size == 5));
    std::vector<float> none;
    CHECK(reading(none).size == 0);
}
