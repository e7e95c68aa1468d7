// Every trajectory of the reference, from the shell: files in, files out.
#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "support/golden.hpp"
#include "trace/golden_cases.hpp"

namespace {

using trace_test::append;
using trace_test::folder;
using trace_test::trajectory_case;
using trace_test::words;

/// What a tolerance counts in: the value itself, or 1 where it is smaller.
enum class unit { one, value };

/// Whether `count` values of `got` from `first` on are within the tolerance of those of `want` from `from` on; a NaN
/// is not.
void check_close(const std::vector<float>& got, std::size_t first, const std::vector<float>& want, std::size_t from,
                 std::size_t count, double tolerance, unit counts_in = unit::one) {
    REQUIRE(first + count <= got.size());
    REQUIRE(from + count <= want.size());
    double largest = 0.0;
    for (std::size_t i = 0; i < count; ++i) {
        const double wanted = static_cast<double>(want[from + i]);
        const double difference = std::fabs(static_cast<double>(got[first + i]) - wanted) /
                                  (counts_in == unit::value ? std::fmax(1.0, std::fabs(wanted)) : 1.0);
        if (!(difference <= largest)) largest = difference;
    }
    CHECK(largest <= tolerance);
}

bool logs_every_entry(const std::string& name) {
    return name == "ref_S10_w7.5_eta0" || name == "ref_S10_w7.5_eta1" || name == "ref_S50_w7.5_eta0";
}

/// Both lists start with x_T and end with the results; where the golden data has them, every entry is the
/// reference's.
void check_log(const trajectory_case& run, const folder& files) {
    const std::size_t values = run.values();
    const std::size_t entries = static_cast<std::size_t>(run.table.integer(run.row, "n_intermediates"));
    const std::vector<float> log = files.read("log");
    REQUIRE(log.size() == 2 * entries * values);
    const auto entry = [&](std::size_t list, std::size_t i) {
        const auto first = log.begin() + static_cast<std::ptrdiff_t>((list * entries + i) * values);
        return std::vector<float>(first, first + static_cast<std::ptrdiff_t>(values));
    };
    const std::vector<float> x_T = golden::gauss(1, values);
    CHECK(entry(0, 0) == x_T);
    CHECK(entry(1, 0) == x_T);
    CHECK(entry(0, entries - 1) == files.read("x"));
    CHECK(entry(1, entries - 1) == files.read("pred_x0"));
    if (!logs_every_entry(run.name())) return;
    const std::vector<float> x_inter = golden::read_floats("traj/" + run.name() + ".x_inter.npy");
    const std::vector<float> pred_x0 = golden::read_floats("traj/" + run.name() + ".pred_x0.npy");
    REQUIRE(x_inter.size() == entries * values);
    for (std::size_t i = 0; i < entries; ++i) {
        CAPTURE(i);
        check_close(log, i * values, x_inter, i * values, values, run.tolerance());
        // Early x0 are large (1 / sqrt(alphas_cumprod) = 13 at t = 981), and so is the rounding that they carry: the
        // reference's own, too, are up to 3.5e-5 from double where its last x is within 6.1e-6.
        check_close(log, (entries + i) * values, pred_x0, i * values, values, run.tolerance(), unit::value);
    }
}

void check_final(const trajectory_case& run, const folder& files) {
    const std::vector<float> x = files.read("x"), x0 = files.read("pred_x0");
    REQUIRE(x.size() == run.values());
    REQUIRE(x0.size() == run.values());
    if (run.is_large()) {
        const std::vector<double> entries = golden::read_doubles("traj/" + run.name() + ".entries64.npy");
        REQUIRE(entries.size() == 3 * 64);
        for (std::size_t i = 0; i < 64; ++i) {
            const std::size_t at = static_cast<std::size_t>(entries[i]);
            CHECK(std::fabs(static_cast<double>(x[at]) - entries[64 + i]) <= run.tolerance());
            CHECK(std::fabs(static_cast<double>(x0[at]) - entries[128 + i]) <= run.tolerance());
        }
        return;
    }
    // ref_log5_S50 is ref_S50_w7.5_eta0 with another log. Where there are lists, they end with the results.
    const std::string name = run.name() == "ref_log5_S50" ? "ref_S50_w7.5_eta0" : run.name();
    const bool has_list = logs_every_entry(name);
    const std::vector<float> want_x =
        golden::read_floats("traj/" + name + (has_list ? ".x_inter.npy" : ".final.npy"));
    const std::vector<float> want_x0 =
        golden::read_floats("traj/" + name + (has_list ? ".pred_x0.npy" : ".final.npy"));
    check_close(x, 0, want_x, has_list ? want_x.size() - x.size() : 0, x.size(), run.tolerance());
    check_close(x0, 0, want_x0, want_x0.size() - x0.size(), x0.size(), run.tolerance());
}

void run_program(const folder& files, words options, const words& timesteps) {
    append(options, timesteps);
    const trace_test::outcome result = files.run(options);
    REQUIRE(result.code == 0);
    CHECK(result.err.empty());
    CHECK(result.out.empty());
}

} // namespace

TEST_CASE("every trajectory of the reference through the program, to 4 times its own error") {
    const golden::csv_table cases = golden::read_csv("traj/cases.csv");
    int ran = 0;
    for (std::size_t row = 0; row < cases.size(); ++row) {
        const trajectory_case run{cases, row};
        CAPTURE(run.name());
        const folder files("golden");
        const words options = options_of(run, files);
        run_program(files, options, timestep_options(run));
        check_final(run, files);
        check_log(run, files);
        if (run.is_partial()) { // the reference's own list: the same steps, the same bits
            const std::vector<float> x = files.read("x"), log = files.read("log");
            run_program(files, options, {"--timesteps", trace_test::visited_timesteps(run.name())});
            CHECK(files.read("x") == x);
            CHECK(files.read("log") == log);
        }
        ++ran;
    }
    CHECK(ran == 38);
}
