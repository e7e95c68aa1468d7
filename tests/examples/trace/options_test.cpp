// Options of a run that no golden trajectory uses, against the formulas written out in double, and what a run draws.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "ddim/random.hpp"
#include "ddim/torch_noise.hpp"
#include "support/golden.hpp"
#include "trace/program.hpp"

namespace {

using trace_test::folder;
using trace_test::words_of;
using words = std::vector<std::string>;

constexpr std::size_t values = 2 * 3 * 4 * 5, elements = values / 2;
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

double alpha_cumprod_at(int timestep) {
    static const std::vector<float> tables = golden::read_floats("sched/linear.f32.npy");
    return static_cast<double>(tables[1000 + static_cast<std::size_t>(timestep)]); // row 1
}

/// DDIM as in Song et al. 2020 (equation 12), entry by entry, in double.
double sample(const textbook& run, double x, const std::vector<float>& noise, std::size_t entry) {
    for (int i = 0; i < steps; ++i) {
        const double a = alpha_cumprod_at(timesteps[i]);
        const double a_prev = alpha_cumprod_at(i + 1 < steps ? timesteps[i + 1] : 0);
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

/// Runs on [2,3,4,5] with the line's options and returns the last x.
std::vector<float> run_line(const folder& files, const std::string& line, const words& more) {
    words options = words_of("--shape 2,3,4,5 " + line);
    options.insert(options.end(), more.begin(), more.end());
    options.insert(options.end(), {"--out", files.path("x")});
    const trace_test::outcome result = files.run(options);
    CAPTURE(result.err);
    REQUIRE(result.code == 0);
    const std::vector<float> x = files.read("x");
    REQUIRE(x.size() == values);
    return x;
}

/// The same in 5 steps.
std::vector<float> run(const folder& files, const std::string& line, const words& more = {}) {
    return run_line(files, "--steps 5 " + line, more);
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

// A single step from timestep 601 to the first level: x' = sqrt(a_prev) x0 + sqrt(1 - a_prev) output.
constexpr int single = 601;
const std::string single_step = "--timesteps 601 ";

double x0_of(double x, double output) {
    const double a = alpha_cumprod_at(single);
    return (x - std::sqrt(1.0 - a) * output) / std::sqrt(a);
}

double stepped(double x0, double output) {
    const double a_prev = alpha_cumprod_at(0);
    return std::sqrt(a_prev) * x0 + std::sqrt(1.0 - a_prev) * output;
}

/// Dynamic thresholding of a sample as Saharia et al. 2022 tell it, by sorting.
void threshold(double ratio, double most, double* x0) {
    std::vector<double> sorted;
    for (std::size_t i = 0; i < elements; ++i) sorted.push_back(std::fabs(x0[i]));
    std::sort(sorted.begin(), sorted.end());
    const double place = ratio * (elements - 1);
    const std::size_t below = static_cast<std::size_t>(place);
    const double apart = below + 1 < elements ? sorted[below + 1] - sorted[below] : 0.0;
    const double quantile = sorted[below] + (place - static_cast<double>(below)) * apart;
    const double s = std::fmin(std::fmax(quantile, 1.0), most);
    for (std::size_t i = 0; i < elements; ++i) x0[i] = std::fmin(std::fmax(x0[i], -s), s) / s;
}

double deviation(const double* sample_of_batch) {
    double sum = 0.0, squares = 0.0;
    for (std::size_t i = 0; i < elements; ++i) sum += sample_of_batch[i];
    for (std::size_t i = 0; i < elements; ++i) squares += std::pow(sample_of_batch[i] - sum / elements, 2);
    return std::sqrt(squares / (elements - 1));
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

TEST_CASE("--threshold: x0 clipped at a quantile, divided by it, against the formula") {
    const folder files("threshold");
    const std::vector<float> x_T = golden::gauss(1, values);
    const words given = {"--x-T", files.write("x_T", x_T), "--out-x0", files.path("x0")};
    // A quantile between 1 and MAX, below 1 and above MAX; the smallest and the largest.
    for (const auto& [ratio, most] : {std::pair{"0.875", "100"},
                                      {"0.371", "3.5"},
                                      {"0.1", "100"},
                                      {"0.95", "2.5"},
                                      {"1", "100"},
                                      {"0", "100"},
                                      {"0.9", "0.5"}}) {
        const std::string line = std::string("--model rational --threshold ") + ratio + "," + most;
        CAPTURE(line);
        std::vector<double> output, want;
        for (const float x : x_T) {
            output.push_back(output_of(model::rational, static_cast<double>(x), single));
            want.push_back(x0_of(static_cast<double>(x), output.back()));
        }
        for (const std::size_t first : {std::size_t{0}, elements})
            threshold(std::strtod(ratio, nullptr), std::strtod(most, nullptr), want.data() + first);
        const std::vector<float> x = run_line(files, single_step + line, given), x0 = files.read("x0");
        REQUIRE(x0.size() == values);
        for (std::size_t i = 0; i < values; ++i) { // x0 of up to 5 before, within 1 after; 2.2e-7 was seen
            CHECK(std::fabs(static_cast<double>(x0[i]) - want[i]) <= 5e-7);
            CHECK(std::fabs(static_cast<double>(x[i]) - stepped(want[i], output[i])) <= 5e-7);
        }
    }
}

TEST_CASE("--guidance-rescale: to the conditional deviation, against the formula") {
    const folder files("rescale");
    const std::vector<float> x_T = golden::gauss(1, values);
    const words given = {"--x-T",    files.write("x_T", x_T),
                         "--cond",   files.write("c", golden::conditions(2)),
                         "--uncond", files.write("uc", golden::unconditional_conditions(2))};
    // The step is affine in the output: what it was can be read off the sample.
    const double slope = stepped(x0_of(0.0, 1.0), 1.0);
    const auto outputs = [&](const std::string& line) {
        const std::vector<float> x = run_line(files, single_step + line, given);
        std::vector<double> list;
        for (std::size_t i = 0; i < values; ++i)
            list.push_back((static_cast<double>(x[i]) - stepped(x0_of(static_cast<double>(x_T[i]), 0.0), 0.0)) /
                           slope);
        return list;
    };
    const std::vector<double> conditional = outputs("--guidance 1"), guided = outputs("--guidance 7.5");
    for (const char* phi : {"0", "0.25", "0.7", "1"}) {
        CAPTURE(phi);
        const std::vector<double> got = outputs(std::string("--guidance 7.5 --guidance-rescale ") + phi);
        for (std::size_t i = 0; i < values; ++i) {
            const std::size_t first = i < elements ? 0 : elements;
            const double ratio = deviation(conditional.data() + first) / deviation(guided.data() + first);
            CHECK(std::fabs(ratio - 1.0) > 0.01); // it does something
            const double share = std::strtod(phi, nullptr), want = guided[i] * (share * ratio + 1.0 - share);
            CHECK(std::fabs(got[i] - want) <= 5e-7 * std::fmax(1.0, std::fabs(want))); // 2.5e-7 was seen
        }
    }
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
    CHECK(run(files, line + "99", {"--initial-noise", given[1], given[2], given[3]}) == first);
}

TEST_CASE("--torch-seed draws as a pipeline of diffusers: x_T, then each step with noise") {
    const folder files("torch_seed");
    struct torch_run {
        std::string line;
        std::size_t step_values; // of one draw
        std::vector<bool> draws;
    };
    const std::vector<bool> all(steps, true), none(steps, false), not_last = {true, true, true, true, false};
    const torch_run runs[] = {
        {"--steps 5", values, none},
        {"--steps 5 --solver unipc", values, none},
        {"--steps 5 --eta 1", values, all},
        {"--steps 5 --eta 1 --final-alpha one", values, not_last},
        {"--steps 5 --solver ddpm --spacing leading --ddpm-noise timestep_above_zero", values, not_last},
        {"--eta 1 --levels paired --pairs 801:601,601:-1,401:201,201:-1,9:8 --final-alpha one",
         values,
         {true, false, true, false, true}}, // ends clean, and goes on
        {"--steps 5 --eta 1 --temperature 0.5 --repeat-noise", elements, all},
    };
    for (const torch_run& each : runs) {
        CAPTURE(each.line);
        for (const std::uint64_t seed : {std::uint64_t{7}, std::uint64_t{1} << 32}) {
            ddim::torch_cpu_generator torch(seed);
            const auto randn = [&](std::size_t count) {
                std::vector<float> drawn(count);
                REQUIRE(torch.fill_normals({drawn.data(), count}) == ddim::status::ok);
                return drawn;
            };
            words given = {"--initial-noise", files.write("initial", randn(values))};
            std::vector<float> noise;
            for (const bool draws : each.draws) {
                const std::vector<float> step =
                    draws ? randn(each.step_values) : std::vector<float>(each.step_values);
                noise.insert(noise.end(), step.begin(), step.end());
            }
            const std::string line = "--model rational " + each.line;
            if (each.draws != none) given.insert(given.end(), {"--noise", files.write("noise", noise)});
            CHECK(run_line(files, line + " --torch-seed " + std::to_string(seed), {}) ==
                  run_line(files, line, given));
        }
    }
}

TEST_CASE("--torch-seed draws nothing for what files give") {
    const folder files("torch_seed_files");
    const std::string line = "--model rational --eta 1", seeded = line + " --torch-seed 7";
    const std::vector<float> noise = golden::gauss_of_steps(1000, steps, values);
    ddim::torch_cpu_generator torch(7);
    std::vector<float> drawn(values * steps);
    for (std::size_t step = 0; step < steps; ++step)
        REQUIRE(torch.fill_normals({drawn.data() + step * values, values}) == ddim::status::ok);
    const auto draw = [&](const std::string& name, std::size_t first, std::size_t count) {
        const auto start = drawn.begin() + static_cast<std::ptrdiff_t>(first * values);
        return files.write(name, {start, start + static_cast<std::ptrdiff_t>(count * values)});
    };
    const std::string state = files.write("state", golden::gauss(1, values));

    // Where the generator does not make x_T, its first numbers are the first step's.
    for (const char* start : {"--x-T", "--initial-noise"})
        CHECK(run(files, seeded, {start, state}) ==
              run(files, line, {start, state, "--noise", draw("all", 0, steps)}));
    const words of_steps = {"--noise", files.write("noise", noise)};
    CHECK(run(files, seeded, of_steps) ==
          run(files, line, {"--initial-noise", draw("first", 0, 1), of_steps[0], of_steps[1]}));

    // The noise of a clean sample is drawn where that of x_T is.
    const std::string partial = " --last 3 --noised " + state;
    CHECK(run(files, seeded + partial) ==
          run(files, line + partial, {"--initial-noise", draw("first", 0, 1), "--noise", draw("rest", 1, 3)}));
}

TEST_CASE("x_T is the initial noise times the start scale: none, the first sigma, or EDM's") {
    const folder files("start_scale");
    const std::vector<float> noise = golden::gauss(1, values);
    const words given = {"--initial-noise", files.write("noise", noise)};
    const auto scaled_by = [&](float scale) {
        std::vector<float> x_T;
        for (const float value : noise) x_T.push_back(value * scale);
        return words{"--x-T", files.write("x_T", x_T)};
    };
    const std::string karras = "--model rational --levels karras --spacing linspace --sigma-max 3";
    CHECK(run(files, karras, given) == run(files, karras, scaled_by(1.0f)));
    const float sigma = static_cast<float>(3.0 / std::sqrt(10.0));
    CHECK(run(files, karras + " --start-scale sigma", given) == run(files, karras, scaled_by(sigma)));

    const std::string edm = "--model rational --levels edm --prediction edm --sigma-max 3 --sigma-data 0.5";
    const float deviation = static_cast<float>(std::sqrt(10.0 / 9.25)); // data of variance 1
    CHECK(run(files, edm, given) == run(files, edm, scaled_by(deviation)));
    CHECK(run(files, edm + " --start-scale one", given) == run(files, edm, scaled_by(1.0f)));
    CHECK(run(files, edm + " --seed 3") != run(files, edm + " --seed 3 --start-scale one"));
}

TEST_CASE("--noised starts from a sample at the noise of the first step, or at a given one") {
    const folder files("noised");
    const std::vector<float> tables = golden::read_floats("sched/linear.f32.npy");
    const std::vector<float> x0 = golden::gauss(2, values), noise = golden::gauss(1, values);
    const words given = {"--noised", files.write("x0", x0), "--initial-noise", files.write("noise", noise)};
    const auto check_noised = [&](const std::string& line, std::size_t timestep) {
        CAPTURE(line);
        const double a = static_cast<double>(tables[1000 + timestep]);
        std::vector<float> x_T;
        for (std::size_t i = 0; i < values; ++i)
            x_T.push_back(static_cast<float>(std::sqrt(a) * static_cast<double>(x0[i]) +
                                             std::sqrt(1.0 - a) * static_cast<double>(noise[i])));
        const std::vector<float> x = run_line(files, line, given);
        const std::vector<float> want = run_line(files, line, {"--x-T", files.write("x_T", x_T)});
        for (std::size_t i = 0; i < values; ++i) // two roundings more
            CHECK(std::fabs(x[i] - want[i]) <= 1e-6f * std::fmax(1.0f, std::fabs(want[i])));
    };
    const std::string pairs = "--model rational --levels paired --pairs 600:599,300:299,200:-1";
    check_noised("--model rational --steps 5 --last 2", 201);
    check_noised(pairs, 600);
    check_noised(pairs + " --noised-timestep 580", 580);
}

TEST_CASE("a multistep solver's last steps have the bits of a run over these levels alone") {
    const folder files("last_multistep");
    const words x_T = {"--x-T", files.write("x_T", golden::gauss(1, values))};
    for (const char* solver : {"unipc --order 3", "dpm_solver --order 3", "pndm"}) {
        CAPTURE(solver);
        const std::string line = std::string("--model rational --final-alpha one --solver ") + solver;
        const std::vector<float> last = run(files, line + " --last 3", x_T);
        CHECK(last == run_line(files, line + " --timesteps 401,201,1", x_T));
        CHECK(last != run(files, line, x_T));
    }
}

TEST_CASE("repeated noise is that of the first sample, in either layout of the file") {
    const folder files("repeat");
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
