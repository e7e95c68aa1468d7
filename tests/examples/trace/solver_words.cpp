#include "trace/solver_words.hpp"

#include <doctest/doctest.h>

#include <cstdio>

namespace trace_test {

namespace {

std::string text_of(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.17g", value);
    return text;
}

/// What Python hands to set_timesteps() and step(), as the script takes it.
words arguments_of(const golden::solver_case& run) {
    words given = {"-DCONFIG=" DDIM_GOLDEN_DIR "/solvers/" + run.name + ".json",
                   "-DSTEPS=" + std::to_string(run.steps)};
    if (run.step.has("eta")) given.push_back("-DETA=" + text_of(run.step.number("eta", 0.0)));
    if (run.set.has("mu")) given.push_back("-DMU=" + text_of(run.set.number("mu", 0.0)));
    std::string sigmas;
    for (const double sigma : run.set.list("sigmas")) sigmas += (sigmas.empty() ? "" : ";") + text_of(sigma);
    if (!sigmas.empty()) given.push_back("-DSIGMAS=" + sigmas);
    if (run.config.flag("thresholding", false)) given.push_back("-DTHRESHOLD_HOOK=ON");
    return given;
}

} // namespace

words solver_words(const golden::solver_case& run) {
    words command = {DDIM_CMAKE};
    append(command, arguments_of(run));
    append(command, {"-P", DDIM_PLAN_SCRIPT});
    const outcome said = folder("plan").start(command);
    INFO(said.err);
    REQUIRE(said.code == 0);
    return words_of(said.out);
}

} // namespace trace_test
