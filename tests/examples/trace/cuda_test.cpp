// Through --backend cuda the program writes the very bytes that it writes through --backend host.
#include <doctest/doctest.h>

#include <cstring>
#include <string>
#include <vector>

#include "support/golden.hpp"
#include "trace/golden_cases.hpp"

namespace {

using trace_test::append;
using trace_test::folder;
using trace_test::words;

struct written {
    std::vector<float> x, pred_x0, log;
};

written run_on(const char* backend, words options, const folder& files) {
    append(options, {"--backend", backend});
    const trace_test::outcome result = files.run(options);
    INFO(result.err);
    CHECK(result.code == 0);
    CHECK(result.err.empty());
    return {files.read("x"), files.read("pred_x0"), files.read("log")};
}

bool are_same(const std::vector<float>& a, const std::vector<float>& b) {
    return !a.empty() && a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

void check_same(const words& options, const folder& files) {
    const written host = run_on("host", options, files), cuda = run_on("cuda", options, files);
    CHECK(are_same(host.x, cuda.x));
    CHECK(are_same(host.pred_x0, cuda.pred_x0));
    CHECK(are_same(host.log, cuda.log));
}

/// What the reference's trajectories leave out: models of other predictions, drawn noise, other solvers and levels.
/// Shapes of a single value, of odd sizes, of more values than a block has threads.
constexpr const char* lines[] = {
    "--shape 1,1,1,1 --model linear",
    "--shape 3,3,5,7 --model rational --steps 10 --eta 1 --seed 7",
    "--shape 2,3,5,7 --model linear --steps 10 --eta 1 --repeat-noise --noise-dropout 0.25 --seed "
    "18446744073709551615",
    "--shape 2,4,16,16 --model rational --prediction v_prediction --spacing trailing --final-alpha one --steps 9",
    "--shape 2,4,16,16 --model rational --prediction sample --clip 1 --rederive-epsilon --spacing linspace --eta 0.5",
    "--shape 2,4,5,3 --model rational --cond @eight --uncond @eight --guidance 3 --corrector 0.1 --quantize --eta 1",
    "--shape 2,4,5,3 --cond @eight --uncond @eight --guidance 1 --mask @fifteen --x0 @hundred_twenty --seed 3",
    "--shape 2,4,5,3 --cond @eight --schedule cosine --original-steps --last 20 --log-every 3 --x-T @hundred_twenty",
    "--shape 2,4,5,3 --model rational --solver unipc --order 3 --steps 10 --initial-noise @hundred_twenty",
    "--shape 2,4,5,3 --model rational --solver dpm_solver --order 3 --levels karras --start-scale sigma --clip 1",
    "--shape 2,4,5,3 --model linear --solver dpm_solver --sde --steps 10 --first 8 --seed 5",
    "--shape 2,4,5,3 --cond @eight --uncond @eight --guidance 3 --solver pndm --steps 10 --prediction v_prediction",
    "--shape 3,3,5,7 --model rational --solver heun --levels interpolated --steps 9 --start-scale sigma",
    "--shape 3,3,5,7 --model rational --solver lcm --spacing distilled --steps 4 --noise-dropout 0.25",
    "--shape 2,4,5,3 --model linear --levels flow --prediction flow_prediction --noised @hundred_twenty --steps 9",
    "--shape 2,4,5,3 --model rational --levels edm --prediction edm --rederive-epsilon --steps 9 --seed 3",
    "--shape 2,4,5,3 --cond @eight --uncond @eight_more --guidance 3 --guidance-rescale 0.7 --threshold 0.8,2 --eta "
    "1",
    "--shape 2,4,16,17 --model rational --solver dpm_solver --steps 10 --threshold 0.995,1.5 --seed 4",
};

words options_of(const std::string& line, const folder& files) {
    words options;
    for (const std::string& word : trace_test::words_of(line))
        options.push_back(word[0] == '@' ? files.path(word.substr(1)) : word);
    append(options, {"--out", files.path("x"), "--out-x0", files.path("pred_x0"), "--out-log", files.path("log")});
    return options;
}

} // namespace

TEST_CASE("every trajectory of the reference on a GPU: the host's bytes") {
    const golden::csv_table cases = golden::read_csv("traj/cases.csv");
    int ran = 0;
    for (std::size_t row = 0; row < cases.size(); ++row) {
        const trace_test::trajectory_case run{cases, row};
        CAPTURE(run.name());
        const folder files("cuda_golden");
        words options = trace_test::options_of(run, files);
        append(options, trace_test::timestep_options(run));
        check_same(options, files);
        ++ran;
    }
    CHECK(ran == 38);
}

TEST_CASE("other runs on a GPU: the host's bytes") {
    const folder files("cuda_lines");
    files.write("eight", golden::gauss(11, 8));
    files.write("eight_more", golden::gauss(13, 8));
    files.write("fifteen", {0, 1, 0.25f, 1, 0, 1, 0, 1, 1, 0, 0.5f, 0, 1, 0, 1});
    files.write("hundred_twenty", golden::gauss(12, 120));
    for (const char* line : lines) {
        CAPTURE(line);
        check_same(options_of(line, files), files);
    }
}
