// The noise schedules and DDPM buffers against the reference's own tables, bit for bit.
#include "ddim/schedule.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>

#include "support/golden.hpp"

namespace {

using ddim::beta_schedule;
using ddim::ddpm_buffer;
using ddim::status;

constexpr int capacity = 1000;

std::int32_t float_bits(float value) {
    std::int32_t result;
    std::memcpy(&result, &value, sizeof result);
    return result;
}

beta_schedule kind_of(const std::string& reference_name) {
    if (reference_name == "linear") return beta_schedule::scaled_linear;
    if (reference_name == "sqrt_linear") return beta_schedule::linear;
    if (reference_name == "cosine") return beta_schedule::squaredcos_cap_v2;
    REQUIRE(reference_name == "sqrt");
    return beta_schedule::sqrt;
}

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

} // namespace

TEST_CASE("all 13 buffers of every golden schedule have the reference's bits") {
    const golden::csv_table configs = golden::read_csv("sched/configs.csv");
    const golden::csv_table names = golden::read_csv("sched/buffers.csv");
    REQUIRE(configs.size() == 7);
    REQUIRE(names.size() == 13);
    for (std::size_t row = 0; row < configs.size(); ++row) {
        const std::string name = configs.text(row, "name");
        const int train_steps = configs.integer(row, "T");
        const std::vector<float> expected = golden::read_floats("sched/" + name + ".f32.npy");
        REQUIRE(expected.size() == 13u * static_cast<std::size_t>(train_steps));
        const auto betas =
            ddim::betas<capacity>({kind_of(configs.text(row, "beta_schedule")), configs.number(row, "linear_start"),
                                   configs.number(row, "linear_end")},
                                  train_steps);
        REQUIRE(betas.state == status::ok);
        for (int which = 0; which < 13; ++which) {
            const auto table = ddim::ddpm_table(betas, static_cast<ddpm_buffer>(which));
            REQUIRE(table.state == status::ok);
            // The one exception: ln(1 - alphas_cumprod) of `sqrt` reaches 1e-35, where the reference's libm and the
            // correctly rounded logarithm fall on different sides of a rounding boundary.
            const bool one_ulp = name == "sqrt" && names.text(static_cast<std::size_t>(which), "name") ==
                                                       "log_one_minus_alphas_cumprod";
            int different = 0;
            for (int t = 0; t < train_steps; ++t) {
                const float want = expected[static_cast<std::size_t>(which * train_steps + t)];
                if (std::abs(float_bits(table.values[t]) - float_bits(want)) > (one_ulp ? 1 : 0)) ++different;
            }
            CAPTURE(name);
            CAPTURE(which);
            CHECK(different == 0);
        }
    }
}

namespace {

constexpr auto constant_betas = ddim::betas<capacity>();
constexpr auto constant_cosine_betas = ddim::betas<capacity>({beta_schedule::squaredcos_cap_v2});
constexpr auto constant_schedule = ddim::make_schedule(constant_betas);
constexpr auto constant_cosine = ddim::squaredcos_cap_v2_schedule<capacity>();
constexpr auto constant_sqrt = ddim::sqrt_schedule<capacity>(0.00085, 0.012);
constexpr auto constant_linear = ddim::linear_schedule<capacity>(0.00085, 0.012);
constexpr auto constant_log_variance =
    ddim::ddpm_table(constant_cosine_betas, ddpm_buffer::posterior_log_variance_clipped);
constexpr auto constant_lvlb = ddim::ddpm_table(constant_betas, ddpm_buffer::lvlb_weights);

template <class Table>
bool same_bits(const Table& a, const Table& b) {
    return a.train_steps == b.train_steps && a.state == b.state &&
           std::memcmp(a.values, b.values, sizeof a.values) == 0;
}

} // namespace

TEST_CASE("a constant table and one filled at run time have the same bits") {
    const auto betas = ddim::betas<capacity>();
    CHECK(same_bits(betas, constant_betas));
    CHECK(same_bits(ddim::make_schedule(betas), constant_schedule));
    CHECK(same_bits(ddim::squaredcos_cap_v2_schedule<capacity>(), constant_cosine));
    CHECK(same_bits(ddim::sqrt_schedule<capacity>(0.00085, 0.012), constant_sqrt));
    CHECK(same_bits(ddim::linear_schedule<capacity>(0.00085, 0.012), constant_linear));
    CHECK(same_bits(ddim::ddpm_table(betas, ddpm_buffer::lvlb_weights), constant_lvlb));
    const auto cosine_betas = ddim::betas<capacity>({beta_schedule::squaredcos_cap_v2});
    CHECK(same_bits(ddim::ddpm_table(cosine_betas, ddpm_buffer::posterior_log_variance_clipped),
                    constant_log_variance));
}

TEST_CASE("any number of training timesteps up to the capacity") {
    CHECK(ddim::betas<capacity>({}, 0).state == status::train_steps_out_of_range);
    CHECK(ddim::betas<capacity>({}, -5).state == status::train_steps_out_of_range);
    CHECK(ddim::betas<capacity>({}, capacity + 1).state == status::train_steps_out_of_range);
    for (int train_steps = 1; train_steps <= capacity; ++train_steps) {
        const auto table = ddim::betas<capacity>({}, train_steps);
        REQUIRE(table.state == status::ok);
        REQUIRE(table.values[0] == doctest::Approx(0.00085).epsilon(1e-15));
        if (train_steps > 1) REQUIRE(table.values[train_steps - 1] == doctest::Approx(0.012).epsilon(1e-15));
    }
}

TEST_CASE("a capacity larger than the schedule changes nothing") {
    const auto small = ddim::scaled_linear_schedule<100>(0.00085, 0.012);
    const auto large = ddim::scaled_linear_schedule<capacity>(0.00085, 0.012, 100);
    CHECK(large.train_steps == 100);
    CHECK(std::memcmp(small.values, large.values, sizeof small.values) == 0);
}

TEST_CASE("betas out of range are refused, and the refusal travels on") {
    CHECK(ddim::betas<10>({static_cast<ddim::beta_schedule>(99)}).state == ddim::status::option_out_of_range);
    CHECK(ddim::betas<10>({static_cast<ddim::beta_schedule>(-1)}).state == ddim::status::option_out_of_range);
    for (const double bad : {0.0, -0.001, 1.5, infinity, -infinity, not_a_number}) {
        CAPTURE(bad);
        for (const beta_schedule kind : {beta_schedule::linear, beta_schedule::scaled_linear, beta_schedule::sqrt}) {
            CHECK(ddim::betas<100>({kind, bad, 0.012}).state == status::beta_out_of_range);
            CHECK(ddim::betas<100>({kind, 0.00085, bad}).state == status::beta_out_of_range);
        }
    }
    CHECK(ddim::betas<100>({beta_schedule::squaredcos_cap_v2, 0, 0, -0.1}).state == status::beta_out_of_range);
    CHECK(ddim::betas<100>({beta_schedule::squaredcos_cap_v2, 0, 0, not_a_number}).state ==
          status::beta_out_of_range);
    const auto refused = ddim::betas<100>({beta_schedule::linear, 2.0, 2.0});
    CHECK(ddim::make_schedule(refused).state == status::beta_out_of_range);
    CHECK(ddim::ddpm_table(refused, ddpm_buffer::betas).state == status::beta_out_of_range);
}

TEST_CASE("given betas: honoured, checked, and zero terminal SNR only at the end") {
    const double good[] = {0.1, 0.2, 1.0};
    const auto schedule = ddim::make_schedule(ddim::given_betas(good));
    REQUIRE(schedule.state == status::ok);
    CHECK(schedule.values[0] == 0.9f);
    CHECK(schedule.values[1] == static_cast<float>(0.9 * 0.8));
    CHECK(schedule.values[2] == 0.0f);
    const double early_end[] = {0.1, 1.0, 0.2};
    CHECK(ddim::given_betas(early_end).state == status::beta_out_of_range);
    const double zero[] = {0.1, 0.0};
    CHECK(ddim::given_betas(zero).state == status::beta_out_of_range);
    const double lost[] = {1e-17, 0.01}; // 1 - beta is 1
    CHECK(ddim::given_betas(lost).state == status::beta_out_of_range);
}
