// Bad command lines: each ends with exit code 2 and one line that says why, and leaves nothing behind.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "ddim/status.hpp"
#include "trace/program.hpp"

namespace {

using ddim::status;
using trace_test::folder;
using trace_test::outcome;
using words = std::vector<std::string>;

/// A line, and what stderr must hold. A word that starts with '@' is a file of the test's folder; "run" stands for a
/// run that would be good: 5 steps on [2,4,2,2], with an output.
struct bad_line {
    const char* line;
    const char* says;
};

constexpr const char* unavailable = "this spacing has no list of exactly that many timesteps";

const bad_line bad_lines[] = {
    // Options that are none, have no value, or come twice
    {"", "nothing to do"},
    {"--out @out", "--out needs --shape"},
    {"--eta 0.5", "nothing to do"},
    {"run --what 1", "unknown option --what"},
    {"run what", "unknown option what"},
    {"run -h", "unknown option -h"},
    {"run --eta=0.5", "unknown option --eta=0.5"},
    {"run --eta", "--eta: a value is missing"},
    {"run --x-T", "--x-T: a value is missing"},
    {"run --eta 0 --eta 1", "--eta is given twice"},
    {"run --quantize --quantize", "--quantize is given twice"},

    // Values that cannot be read
    {"run --eta x", "--eta x: expected a number"},
    {"run --eta 0.5x", "--eta 0.5x: expected a number"},
    {"run --train-steps 1e3", "expected a whole number"},
    {"run --train-steps 99999999999", "expected a whole number"},
    {"--shape 1,4,2,2 --model linear --steps ten", "--steps ten: expected a whole number"},
    {"--print-plan --steps 10.5", "expected a whole number"},
    {"--print-plan --timesteps 5,,1", "expected whole numbers separated by commas"},
    {"--print-plan --timesteps 5,1,", "expected whole numbers separated by commas"},
    {"--print-plan --timesteps 5;1", "expected whole numbers separated by commas"},
    {"run --offset 1.0", "expected a whole number"},
    {"run --last all", "expected a whole number"},
    {"run --seed -1", "expected a whole number from 0 to 2^64 - 1"},
    {"run --seed 18446744073709551616", "expected a whole number from 0 to 2^64 - 1"},
    {"run --corrector nan", "expected a finite float32"},
    {"run --corrector 1e39", "expected a finite float32"},
    {"run --log-every 0", "expected a whole number of at least 1"},
    {"run --log-every -1", "expected a whole number of at least 1"},
    {"run --schedule sigmoid", "expected linear|cosine|sqrt_linear|sqrt"},
    {"run --spacing karras", "expected uniform|quad|leading|trailing|linspace"},
    {"run --final-alpha zero", "expected first|one"},
    {"run --prediction eps", "expected epsilon|sample|v_prediction"},
    {"run --model unet", "expected analytic|rational|linear"},
    {"run --backend opencl", "expected host|cuda"},
    {"--print-table ddim_alphas", "expected a buffer"},
    {"--shape 4,2,2 --model linear", "expected B,C,H,W"},
    {"--shape 1,4,2,2,1 --model linear", "expected B,C,H,W"},
    {"--shape 0,4,2,2 --model linear", "expected B,C,H,W"},
    {"--shape 1,4,-2,-2 --model linear", "expected B,C,H,W"},
    {"--shape 1,65536,65536,65536 --model linear", "expected B,C,H,W"},
    {"--shape 2147483647,2147483647,2147483647,2147483647 --model linear", "expected B,C,H,W"},

    // Options that contradict each other
    {"run --timesteps 801,1", "--timesteps and --steps exclude each other"},
    {"--print-plan --timesteps 801,1 --spacing quad", "--timesteps and --spacing exclude each other"},
    {"--print-plan --timesteps 801,1 --offset 1", "--timesteps and --offset exclude each other"},
    {"run --original-steps", "--original-steps and --steps exclude each other"},
    {"--print-plan --original-steps --timesteps 801,1", "--original-steps and --timesteps exclude each other"},
    {"--print-plan --original-steps --spacing leading", "--original-steps and --spacing exclude each other"},
    {"--print-plan --original-steps --offset 1", "--original-steps and --offset exclude each other"},
    {"--print-plan --print-table betas", "--print-plan and --print-table exclude each other"},
    {"--shape 2,4,2,2", "--model analytic needs --cond"},
    {"--shape 2,4,2,2 --uncond @four", "--uncond needs --cond"},
    {"run --mask @pixels", "--mask needs --x0"},
    {"run --x0 @state", "--x0 needs --mask"},
    {"run --mask-noise @noise", "--mask-noise needs --mask"},
    {"run --keep @noise", "--keep needs --noise-dropout"},
    {"--print-plan --x-T @state", "--x-T needs --shape"},
    {"--print-plan --cond @four", "--cond needs --shape"},
    {"--print-plan --noise @noise", "--noise needs --shape"},
    {"--print-plan --keep @noise --noise-dropout 0.5", "--keep needs --shape"},
    {"--print-plan --mask @pixels --x0 @state", "--mask needs --shape"},
    {"--print-plan --out-x0 @out", "--out-x0 needs --shape"},
    {"--print-plan --out-log @out", "--out-log needs --shape"},
    {"run --corrector 0.1 --prediction v_prediction", "--corrector needs --prediction epsilon"},
    {"run --out-x0 @out", "two outputs cannot go to one file"},
    {"run --out-log @out", "two outputs cannot go to one file"},
    {"run --out-x0 @other --out-log @other", "two outputs cannot go to one file"},

    // What the library refuses
    {"run --train-steps 0", message(status::train_steps_out_of_range)},
    {"run --train-steps 10001", message(status::train_steps_out_of_range)},
    {"run --beta-start 0", message(status::beta_out_of_range)},
    {"run --beta-end 1.5", message(status::beta_out_of_range)},
    {"run --beta-start nan", message(status::beta_out_of_range)},
    {"run --schedule cosine --cosine-s -1", message(status::beta_out_of_range)},
    {"--print-table betas --beta-end -1", message(status::beta_out_of_range)},
    {"--print-plan --steps 0", "capacity (nearest that work: 1)"},
    {"--print-plan --steps -3", "capacity (nearest that work: 1)"},
    {"--print-plan --steps 1001", "capacity (nearest that work: 500)"},
    {"--print-plan --steps 30", unavailable},
    {"--print-plan --steps 30", "(nearest that work: 25 and 40)"},
    {"--print-plan --steps 1000", "(nearest that work: 500)"},
    {"--print-plan --steps 999", "(nearest that work: 500)"},
    {"--print-plan --train-steps 100 --steps 3", "(nearest that work: 2 and 4)"},
    {"--print-plan --spacing leading --steps 1 --offset -1", "(nearest that work: none)"},
    {"run --offset 999", unavailable},
    {"run --offset -2", unavailable},
    {"--print-plan --timesteps 1000,1", message(status::timestep_out_of_range)},
    {"--print-plan --timesteps 5,-1", message(status::timestep_out_of_range)},
    {"--print-plan --timesteps 1,5", message(status::timesteps_not_descending)},
    {"--print-plan --timesteps 5,5", message(status::timesteps_not_descending)},
    {"run --last 6", "--last 6 of 5 steps: the number of steps"},
    {"run --last 0", "--last 0 of 5 steps: the number of steps"},
    {"run --eta 1.1", message(status::eta_out_of_range)},
    {"run --eta -0.1", message(status::eta_out_of_range)},
    {"run --eta nan", message(status::eta_out_of_range)},
    {"run --temperature -1", message(status::temperature_out_of_range)},
    {"run --temperature inf", message(status::temperature_out_of_range)},
    {"run --clip 0", message(status::clip_out_of_range)},
    {"run --clip nan", message(status::clip_out_of_range)},
    {"--print-plan --beta-end 1 --timesteps 999,1", message(status::prediction_undefined)},
    {"run --guidance nan", message(status::guidance_scale_not_finite)},
    {"run --guidance 1e39", message(status::guidance_scale_not_finite)},
    {"run --noise-dropout 1", message(status::noise_dropout_out_of_range)},
    {"run --noise-dropout -0.1", message(status::noise_dropout_out_of_range)},
    {"run --noise-dropout nan", message(status::noise_dropout_out_of_range)},

    // Files: each option, missing, of another size, a folder
    {"run --x-T @missing", "cannot open the file"},
    {"run --x-T @", "cannot read the file"},
    {"run --x-T @four", "the file holds 32 bytes instead of 32 float32"},
    {"run --x-T @ragged", "the file holds 127 bytes instead of 32 float32"},
    {"run --x-T @noise", "the file holds more than 32 float32"},
    {"run --x-T @empty", "the file holds 0 bytes instead of 32 float32"},
    {"--shape 2,4,2,2 --steps 5 --cond @state --out @out", "--cond"},
    {"run --uncond @state", "the file holds more than 8 float32"},
    {"run --uncond @missing", "cannot open the file"},
    {"run --noise @state", "the file holds 128 bytes instead of 160 float32"},
    {"run --noise @more_noise", "the file holds more than 160 float32"},
    {"run --repeat-noise --noise @state", "the file holds 128 bytes instead of 160 float32"},
    {"run --last 4 --noise @noise", "the file holds more than 128 float32"},
    {"run --noise-dropout 0.5 --keep @state", "instead of 160 float32"},
    {"run --mask @state --x0 @state", "the file holds more than 4 float32"},
    {"run --mask @pixels --x0 @four", "instead of 32 float32"},
    {"run --mask @pixels --x0 @state --mask-noise @state", "instead of 160 float32"},
    {"--shape 2,4,2,2 --steps 5 --cond @four --out @no/such/folder", "cannot write the file"},
    {"run --out-x0 @no/such/folder", "--out-x0"},
    {"run --out-log @", "cannot write the file"},

#ifndef TRACE_WITH_CUDA
    {"run --backend cuda", "--backend cuda: this build has no CUDA"},
#endif
};

/// The line's words, with files put in place; one word "" for an empty file name.
words arguments_of(const std::string& line, const folder& files) {
    words arguments;
    for (const std::string& word : trace_test::words_of(line)) {
        if (word == "run") {
            const words run = {"--shape", "2,4,2,2",          "--steps", "5",
                               "--cond",  files.path("four"), "--out",   files.path("out")};
            arguments.insert(arguments.end(), run.begin(), run.end());
        } else {
            arguments.push_back(word[0] == '@' ? files.path(word.substr(1)) : word);
        }
    }
    return arguments;
}

void write_inputs(const folder& files) {
    files.write("state", std::vector<float>(32, 0.5f));
    files.write("four", std::vector<float>(8, 0.25f));
    files.write("pixels", std::vector<float>(4, 1.0f));
    files.write("noise", std::vector<float>(160, 0.5f));
    files.write("more_noise", std::vector<float>(161, 0.5f));
    files.write("empty", {});
    files.write("ragged", std::vector<float>(32, 0.5f), 127);
}

void check_refused(const outcome& result, const std::string& says) {
    CAPTURE(result.err);
    CHECK(result.code == 2);
    CHECK(result.out.empty());
    CHECK(result.err.rfind("ddim_trace: ", 0) == 0);
    CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 1);
    CHECK(result.err.find('\n') == result.err.size() - 1);
    CHECK(result.err.find(says) != std::string::npos);
}

} // namespace

TEST_CASE("a bad command line: exit code 2, one line on stderr, no output") {
    const folder files("bad_lines");
    write_inputs(files);
    const std::size_t inputs = files.count();
    for (const bad_line& bad : bad_lines) {
        CAPTURE(bad.line);
        check_refused(files.run(arguments_of(bad.line, files)), bad.says);
        CHECK(files.count() == inputs);
    }
}

#ifdef TRACE_WITH_CUDA
TEST_CASE("--backend cuda where no GPU can be used") {
    const folder files("no_gpu");
    write_inputs(files);
    setenv("CUDA_VISIBLE_DEVICES", "", 1);
    const outcome result = files.run(arguments_of("run --backend cuda", files));
    unsetenv("CUDA_VISIBLE_DEVICES");
    if (result.code == 0) {
        MESSAGE("SKIPPED: this CUDA runtime cannot hide its GPU");
        return;
    }
    check_refused(result, std::string(message(status::device_unavailable)) + ": ");
    CHECK(result.err.find("CUDA") != std::string::npos); // what CUDA says itself
}
#endif

TEST_CASE("the run of the bad lines is good without what makes it bad") {
    const folder files("good_line");
    write_inputs(files);
    CHECK(files.run(arguments_of("run", files)).code == 0);
    CHECK(files.read("out").size() == 32);
    const outcome all = files.run(arguments_of(
        "run --x-T @state --uncond @four --noise @noise --noise-dropout 0.5 --keep @noise --mask @pixels "
        "--x0 @state --mask-noise @noise --out-x0 @x0 --out-log @log --backend host",
        files));
    CAPTURE(all.err);
    CHECK(all.code == 0);
    CHECK(files.read("x0").size() == 32);
    CHECK(files.read("log").size() == 2 * 3 * 32);
}

TEST_CASE("arguments that a shell can hand over and no sane one does") {
    const folder files("odd_words");
    check_refused(files.run({""}), "unknown option");
    check_refused(files.run({"--print-plan", "--steps", ""}), "--steps : expected a whole number");
    check_refused(files.run({"--print-plan", "--timesteps", ""}), "expected whole numbers");
    check_refused(files.run({"--shape", "1,1,1,1", "--model", "linear", "--out", ""}), "expected a file name");
    check_refused(files.run({"--eta", "1\n2"}), "--eta 1?2: expected a number");
    check_refused(files.run({std::string(5000, 'x')}), "unknown option xxx");
}

TEST_CASE("--help names every option and is no error") {
    const outcome result = folder("help").run({"--help"});
    CHECK(result.code == 0);
    CHECK(result.err.empty());
    CHECK(result.out.rfind("usage: ddim_trace", 0) == 0);
    for (const char* option : {"--schedule",
                               "--train-steps",
                               "--beta-start",
                               "--beta-end",
                               "--cosine-s",
                               "--spacing",
                               "--steps",
                               "--timesteps",
                               "--offset",
                               "--final-alpha",
                               "--original-steps",
                               "--last",
                               "--prediction",
                               "--eta",
                               "--temperature",
                               "--noise-dropout",
                               "--repeat-noise",
                               "--guidance",
                               "--clip",
                               "--rederive-epsilon",
                               "--model",
                               "--shape",
                               "--x-T",
                               "--cond",
                               "--uncond",
                               "--noise",
                               "--keep",
                               "--x0",
                               "--mask",
                               "--mask-noise",
                               "--corrector",
                               "--quantize",
                               "--seed",
                               "--backend",
                               "--log-every",
                               "--out",
                               "--out-x0",
                               "--out-log",
                               "--print-plan",
                               "--print-table"}) {
        CAPTURE(option);
        CHECK(result.out.find("\n  " + std::string(option) + " ") != std::string::npos);
    }
    CHECK(folder("help").run({"--eta", "0.5", "--help"}).out == result.out);
}
