// Options of a run that no golden trajectory uses, against the formulas written out in double, and what a run draws.
#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "ddim/random.hpp"
#include "support/golden.hpp"
#include "trace/program.hpp"

namespace {

using trace_test::folder;
using trace_test::words_of;
using words = std::vector<std::string>;

constexpr std::size_t values = 2 * 3 * 4 * 5;
constexpr int steps = 5;
constexpr int timesteps[steps] = {801, 601, 401, 201, 1}; // uniform

enum class model { rational, linear };
enum class prediction { epsilon, sample, v };

/// What a textbook run is told.
struct textbook {
    model net = model::rational;
    prediction predicts = prediction::epsilon;
    double eta = 0.0;
    double clip = 1e30;
    bool rederives = false;
};

double output_of(model net, double m, double t) {
    const double share = t / (t + 1.0);
    return net == model::rational ? m / (1.0 + std::fabs(m)) * share + 0.1 : m * share;
}

/// DDIM as in Song et al. 2020 (equation 12), entry by entry, in double.
double sample(const textbook& run, double x, const std::vector<float>& noise, std::size_t entry) {
    static const std::vector<float> tables = golden::read_floats("sched/linear.f32.npy");
    const float* alphas_cumprod = tables.data() + 1000; // row 1
    for (int i = 0; i < steps; ++i) {
        const double a = static_cast<double>(alphas_cumprod[timesteps[i]]);
        const double a_prev = static_cast<double>(alphas_cumprod[i + 1 < steps ? timesteps[i + 1] : 0]);
        const double output = output_of(run.net, x, timesteps[i]);
        double epsilon = output, x0 = output;
        switch (run.predicts) {
        case prediction::epsilon: x0 = (x - std::sqrt(1.0 - a) * epsilon) / std::sqrt(a); break;
        case prediction::sample: epsilon = (x - std::sqrt(a) * x0) / std::sqrt(1.0 - a); break;
        case prediction::v:
            x0 = std::sqrt(a) * x - std::sqrt(1.0 - a) * output;
            epsilon = std::sqrt(a) * output + std::sqrt(1.0 - a) * x;
            break;
        }
        x0 = std::fmin(std::fmax(x0, -run.clip), run.clip);
        if (run.rederives) epsilon = (x - std::sqrt(a) * x0) / std::sqrt(1.0 - a);
        const double sigma = run.eta * std::sqrt((1.0 - a_prev) / (1.0 - a) * (1.0 - a / a_prev));
        const double n = static_cast<double>(noise[static_cast<std::size_t>(i) * values + entry]);
        x = std::sqrt(a_prev) * x0 + std::sqrt(1.0 - a_prev - sigma * sigma) * epsilon + sigma * n;
    }
    return x;
}

/// Runs 5 steps on [2,3,4,5] with the line's options and returns the last x.
std::vector<float> run(const folder& files, const std::string& line, const words& more = {}) {
    words options = words_of("--steps 5 --shape 2,3,4,5 " + line);
    options.insert(options.end(), more.begin(), more.end());
    options.insert(options.end(), {"--out", files.path("x")});
    const trace_test::outcome result = files.run(options);
    CAPTURE(result.err);
    REQUIRE(result.code == 0);
    const std::vector<float> x = files.read("x");
    REQUIRE(x.size() == values);
    return x;
}

void check_textbook(const std::string& line, const textbook& told) {
    CAPTURE(line);
    const folder files("textbook");
    const std::vector<float> x_T = golden::gauss(1, values);
    const std::vector<float> noise = golden::gauss_of_steps(1000, steps, values);
    const std::vector<float> x =
        run(files, line, {"--x-T", files.write("x_T", x_T), "--noise", files.write("noise", noise)});
    for (std::size_t i = 0; i < values; ++i) {
        const double want = sample(told, static_cast<double>(x_T[i]), noise, i);
        // Five steps of about ten roundings of 6e-8 each; 4e-7 was seen.
        CHECK(std::fabs(static_cast<double>(x[i]) - want) <= 1e-6 * std::fmax(1.0, std::fabs(want)));
    }
}

} // namespace

TEST_CASE("models, predictions, clip and direction term against the formulas in double") {
    check_textbook("--model rational", {model::rational});
    check_textbook("--model linear", {model::linear});
    check_textbook("--model rational --eta 1", {model::rational, prediction::epsilon, 1.0});
    check_textbook("--model rational --prediction sample --eta 0.5", {model::rational, prediction::sample, 0.5});
    check_textbook("--model linear --prediction v_prediction", {model::linear, prediction::v});
    check_textbook("--model rational --clip 0.5", {model::rational, prediction::epsilon, 0.0, 0.5});
    check_textbook("--model rational --clip 0.5 --rederive-epsilon --eta 0.5",
                   {model::rational, prediction::epsilon, 0.5, 0.5, true});
}

TEST_CASE("guidance between equal predictions changes nothing") {
    const folder files("equal_guidance");
    const words guided = {"--cond", files.write("c", golden::conditions(2)), "--uncond",
                          files.write("uc", golden::unconditional_conditions(2))};
    CHECK(run(files, "--model rational --guidance 7.5", guided) == run(files, "--model rational"));
}

TEST_CASE("what no file gives is drawn from the seed") {
    const folder files("seed");
    const std::string line = "--model rational --eta 1 --seed ";
    const std::vector<float> first = run(files, line + "7");
    CHECK(run(files, line + "7") == first);
    CHECK(run(files, line + "8") != first);
    CHECK(run(files, line + "18446744073709551615") != first);
    CHECK(run(files, "--model rational --eta 1") == run(files, line + "0"));

    // Handed in as files, the drawn numbers lead to the same bits.
    std::vector<float> x_T, noise;
    for (std::uint32_t step = 0; step <= steps; ++step)
        for (std::uint32_t i = 0; i < values; ++i) {
            const std::uint32_t element = i % 60, row = i / 60;
            const bool initial = step == steps;
            const ddim::normal_block four =
                ddim::normals_at(7, element / 4, row, initial ? 0 : step,
                                 initial ? ddim::noise_purpose::initial : ddim::noise_purpose::step);
            (initial ? x_T : noise).push_back(four.value[element % 4]);
        }
    const words given = {"--x-T", files.write("x_T", x_T), "--noise", files.write("noise", noise)};
    CHECK(run(files, line + "99", given) == first);
}

TEST_CASE("repeated noise is that of the first sample, in either layout of the file") {
    const folder files("repeat");
    constexpr std::size_t elements = values / 2;
    const std::vector<float> noise = golden::gauss_of_steps(1000, steps, values);
    std::vector<float> of_first, twice;
    for (std::size_t step = 0; step < steps; ++step) {
        const auto first = noise.begin() + static_cast<std::ptrdiff_t>(step * values);
        const auto end = first + static_cast<std::ptrdiff_t>(elements);
        of_first.insert(of_first.end(), first, end);
        for (int sample_of_batch = 0; sample_of_batch < 2; ++sample_of_batch) twice.insert(twice.end(), first, end);
    }
    const std::string line = "--model linear --eta 1";
    const words x_T = {"--x-T", files.write("x_T", golden::gauss(1, values))};
    const auto with_noise = [&](const std::string& options, const std::vector<float>& given) {
        return run(files, options, {x_T[0], x_T[1], "--noise", files.write("noise", given)});
    };
    const std::vector<float> want = with_noise(line, twice);
    CHECK(with_noise(line + " --repeat-noise", of_first) == want);
    CHECK(with_noise(line + " --repeat-noise", noise) == want);
    CHECK(with_noise(line, noise) != want);
}

TEST_CASE("a run with no output named says what it was in one line") {
    const folder files("summary");
    const trace_test::outcome result =
        files.run(words_of("--shape 1,1,1,2 --model linear --steps 2 --x-T " + files.write("x_T", {1.0f, -1.0f})));
    CHECK(result.code == 0);
    CHECK(result.err.empty());
    CHECK(result.out.find("2 steps, timesteps 501 .. 1; x from -") == 0);
    CHECK(result.out.find(", mean 0\n") == result.out.size() - 9); // the model is odd: x ends as it began, balanced
}
