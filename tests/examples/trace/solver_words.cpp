#include "trace/solver_words.hpp"

#include <cmath>
#include <cstdio>

#include "ddim/levels.hpp"
#include "ddim/schedule.hpp"
#include "ddim/timesteps.hpp"
#include "support/golden.hpp"

namespace trace_test {

namespace {

using golden::solver_case;

constexpr int most_train_steps = 10000;

std::string text_of(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.17g", value);
    return text;
}

std::string text_of(int value) { return std::to_string(value); }

template <class Value>
std::string list_of(const std::vector<Value>& values) {
    std::string list;
    for (const Value value : values) list += (list.empty() ? "" : ",") + text_of(value);
    return list;
}

int train_steps_of(const solver_case& run) { return run.config.integer("num_train_timesteps", 1000); }
bool has_karras(const solver_case& run) { return run.config.flag("use_karras_sigmas", false); }
bool has_exponential(const solver_case& run) { return run.config.flag("use_exponential_sigmas", false); }
bool has_zero_snr(const solver_case& run) { return run.config.flag("rescale_betas_zero_snr", false); }

/// The solvers that divide by alpha get 2^-24 in the place of a zero.
enum class terminal { zero, patched };
constexpr double patch = 0x1p-24;

/// Their names of the beta schedules, ours on the command line, and the library's.
struct beta_name {
    const char* theirs;
    const char* ours;
    ddim::beta_schedule kind;
};
constexpr beta_name beta_names[] = {
    {"linear", "sqrt_linear", ddim::beta_schedule::linear},
    {"scaled_linear", "linear", ddim::beta_schedule::scaled_linear},
    {"squaredcos_cap_v2", "cosine", ddim::beta_schedule::squaredcos_cap_v2},
};

const beta_name& betas_of(const solver_case& run) {
    const std::string name = run.config.text("beta_schedule", "linear");
    for (const beta_name& each : beta_names)
        if (name == each.theirs) return each;
    golden::fail("no beta_schedule " + name);
}

words schedule_words(const solver_case& run, terminal end = terminal::zero) {
    words options = {"--train-steps", text_of(train_steps_of(run)),
                     "--schedule",    betas_of(run).ours,
                     "--beta-start",  text_of(run.config.number("beta_start", 0.0001)),
                     "--beta-end",    text_of(run.config.number("beta_end", 0.02))};
    if (run.config.has("snr_shift_scale"))
        append(options, {"--snr-shift", text_of(run.config.number("snr_shift_scale", 1.0))});
    if (has_zero_snr(run)) append(options, {"--zero-terminal-snr"});
    if (has_zero_snr(run) && end == terminal::patched) append(options, {"--terminal-alpha", text_of(patch)});
    return options;
}

/// The schedule itself, where a command line needs numbers of it.
const ddim::schedule<most_train_steps>& schedule_of(const solver_case& run) {
    static ddim::schedule<most_train_steps> schedule;
    const ddim::beta_options options = {betas_of(run).kind, run.config.number("beta_start", 0.0001),
                                        run.config.number("beta_end", 0.02)};
    const ddim::snr_options snr = {run.config.number("snr_shift_scale", 1.0), has_zero_snr(run), patch};
    schedule = ddim::make_schedule(ddim::betas<most_train_steps>(options, train_steps_of(run)), snr);
    return schedule;
}

words prediction_words(const solver_case& run) {
    return {"--prediction", run.config.text("prediction_type", "epsilon")};
}

words steps_words(const solver_case& run) { return {"--steps", text_of(run.steps)}; }

words spacing_words(const solver_case& run, const char* missing) {
    const std::string spacing = run.config.text("timestep_spacing", missing);
    words options = steps_words(run);
    append(options, {"--spacing", spacing});
    if (spacing == "leading") append(options, {"--offset", text_of(run.config.integer("steps_offset", 0))});
    return options;
}

words final_words(bool is_one) { return {"--final-alpha", is_one ? "one" : "first"}; }

bool thresholds(const solver_case& run) { return run.config.flag("thresholding", false); }

words thresholding_words(const solver_case& run) {
    if (!thresholds(run)) return {};
    return {"--threshold", text_of(run.config.number("dynamic_thresholding_ratio", 0.995)) + "," +
                               text_of(run.config.number("sample_max_value", 1.0))};
}

words clip_words(const solver_case& run, bool missing) {
    if (thresholds(run)) return thresholding_words(run); // in the clip's place
    if (!run.config.flag("clip_sample", missing)) return {};
    return {"--clip", text_of(run.config.number("clip_sample_range", 1.0))};
}

words ddim_words(const solver_case& run) {
    words options = schedule_words(run);
    append(options, prediction_words(run));
    append(options, spacing_words(run, "leading"));
    append(options, {"--levels", "stride"});
    append(options, final_words(run.config.flag("set_alpha_to_one", true)));
    append(options, clip_words(run, run.scheduler == "DDIMScheduler"));
    if (run.scheduler == "DDIMInverseScheduler") {
        append(options, {"--solver", "ddim_inverse"});
        return options;
    }
    append(options, {"--eta", text_of(run.step.number("eta", 0.0))});
    if (run.scheduler == "CogVideoXDDIMScheduler" || run.step.flag("use_clipped_model_output", false))
        append(options, {"--rederive-epsilon"});
    return options;
}

words ddpm_words(const solver_case& run) {
    words options = schedule_words(run);
    append(options, prediction_words(run));
    append(options, spacing_words(run, "leading"));
    append(options, clip_words(run, true));
    append(options, {"--solver", "ddpm", "--ddpm-noise", "timestep_above_zero"});
    if (run.config.text("variance_type", "fixed_small") == "fixed_large") append(options, {"--v-posterior", "1"});
    return options;
}

words pndm_words(const solver_case& run) {
    words options = schedule_words(run);
    append(options, prediction_words(run));
    append(options, steps_words(run));
    append(options, {"--spacing", "leading", "--offset", text_of(run.config.integer("steps_offset", 0))});
    append(options, final_words(run.config.flag("set_alpha_to_one", false)));
    append(options, {"--solver", "pndm"});
    return options;
}

// Euler and Heun.

/// sigma / alpha at a fractional timestep.
double ratio_at(const ddim::schedule_view& schedule, double timestep) {
    const auto at = [&](int t) {
        const double a = static_cast<double>(schedule.alphas_cumprod[t]);
        return std::sqrt((1.0 - a) / a);
    };
    const int below = static_cast<int>(timestep);
    const double share = timestep - below;
    return share > 0.0 ? (1.0 - share) * at(below) + share * at(below + 1) : at(below);
}

/// Of Euler's spacing, where it is not on whole timesteps too.
std::vector<double> euler_timesteps(const solver_case& run) {
    const std::string spacing = run.config.text("timestep_spacing", "linspace");
    const int train_steps = train_steps_of(run), steps = run.steps;
    std::vector<double> list;
    if (spacing == "linspace") {
        for (int i = steps - 1; i >= 0; --i)
            list.push_back(steps == 1 ? 0.0 : i * static_cast<double>(train_steps - 1) / (steps - 1));
        return list;
    }
    const bool is_leading = spacing == "leading";
    const auto whole = ddim::spaced_timesteps<most_train_steps>(
        is_leading ? ddim::spacing::leading : ddim::spacing::trailing, train_steps, steps,
        is_leading ? run.config.integer("steps_offset", 0) : 0);
    list.assign(whole.values, whole.values + whole.steps);
    return list;
}

/// The model is told ln(sigma) / 4: EDM's levels for data of deviation 1 where there is a ramp, else a list.
words continuous_words(const solver_case& run) {
    const ddim::schedule_view schedule = schedule_of(run);
    const std::vector<double> timesteps = euler_timesteps(run);
    if (has_karras(run) || has_exponential(run)) {
        words options = steps_words(run);
        append(options,
               {"--levels", "edm", "--sigma-data", "1", "--edm-ramp", has_karras(run) ? "karras" : "exponential",
                "--sigma-max", text_of(run.config.number("sigma_max", ratio_at(schedule, timesteps.front()))),
                "--sigma-min", text_of(run.config.number("sigma_min", ratio_at(schedule, timesteps.back())))});
        return options;
    }
    std::string list;
    for (const double timestep : timesteps) {
        const double ratio = ratio_at(schedule, timestep), q = std::sqrt(1.0 + ratio * ratio);
        list += (list.empty() ? "" : ",") + text_of(0.25 * std::log(ratio)) + ":" + text_of(1.0 / q) + ":" +
                text_of(ratio / q);
    }
    return {"--levels", "listed", "--level-list", list};
}

words euler_level_words(const solver_case& run) {
    if (run.config.text("timestep_type", "discrete") == "continuous") return continuous_words(run);
    words options = schedule_words(run, terminal::patched);
    if (has_karras(run) || has_exponential(run)) {
        append(options, spacing_words(run, "linspace"));
        append(options, {"--levels", has_karras(run) ? "karras" : "exponential"});
        for (const char* end : {"sigma_max", "sigma_min"})
            if (run.config.has(end))
                append(options, {end == std::string("sigma_max") ? "--sigma-max" : "--sigma-min",
                                 text_of(run.config.number(end, 0.0))});
    } else if (run.config.text("timestep_spacing", "linspace") == "linspace") {
        append(options, steps_words(run));
        append(options, {"--levels", "interpolated"});
    } else {
        append(options, spacing_words(run, "linspace"));
        append(options, final_words(true));
    }
    return options;
}

words euler_words(const solver_case& run) {
    words options = euler_level_words(run);
    append(options, prediction_words(run));
    if (run.config.text("timestep_spacing", "linspace") != "leading") append(options, {"--start-scale", "sigma"});
    if (run.scheduler == "HeunDiscreteScheduler")
        append(options, {"--solver", "heun"});
    else
        append(options, {"--rederive-epsilon"});
    if (run.scheduler == "EulerAncestralDiscreteScheduler") append(options, {"--eta", "1"});
    return options;
}

// DPM-Solver++ and UniPC.

bool is_unipc(const solver_case& run) { return run.scheduler == "UniPCMultistepScheduler"; }

/// From the first of the timesteps above lambda_min_clipped, in the strides of all: no spacing of its own.
std::vector<int> clipped_trailing(const solver_case& run, int spaced) {
    std::vector<int> list;
    const double stride = static_cast<double>(train_steps_of(run)) / run.steps;
    for (int i = 0; i < run.steps; ++i) list.push_back(static_cast<int>(std::nearbyint(spaced - i * stride)) - 1);
    return list;
}

words multistep_timestep_words(const solver_case& run) {
    const std::string spacing = run.config.text("timestep_spacing", "linspace");
    const bool is_clipped = run.config.has("lambda_min_clipped");
    const double lambda_min = run.config.number("lambda_min_clipped", 0.0);
    if (spacing == "trailing" && is_clipped)
        return {"--timesteps", list_of(clipped_trailing(run, ddim::steps_above(schedule_of(run), lambda_min)))};
    words options = spacing_words(run, "linspace");
    if (spacing != "trailing") append(options, {"--open-timesteps"});
    if (is_clipped) append(options, {"--lambda-min", text_of(lambda_min)});
    return options;
}

/// The ramp goes from end to end of the whole table.
words multistep_karras_words(const solver_case& run) {
    const bool floors = !is_unipc(run) && run.config.text("beta_schedule", "linear") == "squaredcos_cap_v2";
    words options = {"--levels", "karras", "--told-timestep", floors ? "floored" : "nearest"};
    if (run.steps == 1)
        append(options, {"--timesteps", text_of(train_steps_of(run) - 1)});
    else
        append(options, {"--spacing", "linspace", "--steps", text_of(run.steps)});
    return options;
}

words multistep_flow_words(const solver_case& run) {
    const double last = 1.0 / train_steps_of(run);
    words options = steps_words(run);
    append(options, {"--levels", "flow", "--flow-shift", text_of(run.config.number("flow_shift", 1.0)),
                     "--flow-told-scale", text_of(train_steps_of(run)), "--flow-told-whole"});
    append(options, is_unipc(run) ? words{"--flow-last", text_of(last), "--flow-largest", "0.999999"}
                                  : words{"--flow-first", text_of(1.0 - last)});
    return options;
}

words multistep_level_words(const solver_case& run) {
    if (run.config.flag("use_flow_sigmas", false)) return multistep_flow_words(run);
    words options = schedule_words(run, terminal::patched);
    append(options, has_karras(run) ? multistep_karras_words(run) : multistep_timestep_words(run));
    append(options, final_words(run.config.text("final_sigmas_type", "zero") == "zero"));
    return options;
}

words order_words(const solver_case& run) {
    const int order = run.config.integer("solver_order", 2);
    words options = {"--order", text_of(order)};
    if (order > 1)
        append(options, {"--lower-order-final", run.config.flag("lower_order_final", true) ? "on" : "off"});
    return options;
}

words dpm_solver_words(const solver_case& run) {
    words options = {"--solver", "dpm_solver"};
    append(options, order_words(run));
    const bool looks_back = run.config.integer("solver_order", 2) > 1;
    if (looks_back && run.config.text("solver_type", "midpoint") == "heun")
        append(options, {"--solver-type", "heun"});
    if (looks_back && run.config.flag("euler_at_final", false)) append(options, {"--euler-at-final"});
    if (run.config.text("algorithm_type", "dpmsolver++") == "sde-dpmsolver++") append(options, {"--sde"});
    return options;
}

words unipc_words(const solver_case& run) {
    words options = {"--solver", "unipc"};
    append(options, order_words(run));
    append(options, {"--unipc-variant", run.config.text("solver_type", "bh2") == "bh1" ? "bh1" : "bh2"});
    const std::vector<double> disabled = run.config.list("disable_corrector");
    if (!disabled.empty()) append(options, {"--disable-corrector", list_of(disabled)});
    return options;
}

words multistep_words(const solver_case& run) {
    words options = multistep_level_words(run);
    append(options, prediction_words(run));
    append(options, is_unipc(run) ? unipc_words(run) : dpm_solver_words(run));
    append(options, thresholding_words(run));
    return options;
}

words consistency_words(const solver_case& run) {
    words options = schedule_words(run);
    append(options, prediction_words(run));
    append(options, steps_words(run));
    append(options, {"--spacing", "distilled", "--original-inference-steps",
                     text_of(run.config.integer("original_inference_steps", 50))});
    if (run.scheduler == "TCDScheduler") { // which does not clip
        append(options, {"--solver", "tcd", "--eta", text_of(run.step.number("eta", 0.3))});
        return options;
    }
    append(options, {"--solver", "lcm", "--timestep-scaling", text_of(run.config.number("timestep_scaling", 10.0))});
    append(options, clip_words(run, true));
    return options;
}

words flow_shift_words(const solver_case& run) {
    if (!run.config.flag("use_dynamic_shifting", false))
        return {"--flow-shift", text_of(run.config.number("shift", 1.0))};
    const bool is_exponent = run.config.text("time_shift_type", "exponential") == "exponential";
    return {is_exponent ? "--flow-mu" : "--flow-shift", text_of(run.set.number("mu", 0.0))};
}

words flow_words(const solver_case& run) {
    const bool is_dynamic = run.config.flag("use_dynamic_shifting", false);
    words options = {"--levels", "flow", "--flow-told-scale", text_of(train_steps_of(run))};
    append(options, flow_shift_words(run));
    if (run.set.has("sigmas")) {
        append(options, {"--flow-sigmas", list_of(run.set.list("sigmas"))});
    } else {
        append(options, {"--train-steps", text_of(train_steps_of(run)), "--flow-grid",
                         is_dynamic ? "train_ends" : "shifted_train_ends"});
        append(options, steps_words(run));
    }
    if (run.config.has("shift_terminal"))
        append(options, {"--flow-terminal", text_of(run.config.number("shift_terminal", 0.0))});
    if (has_karras(run)) append(options, {"--flow-karras"});
    if (run.config.flag("invert_sigmas", false)) append(options, {"--flow-inverted"});
    append(options, {"--prediction", "flow_prediction"});
    if (run.config.flag("stochastic_sampling", false))
        append(options, {"--solver", "lcm", "--boundary-scaling", "off"});
    return options;
}

words edm_words(const solver_case& run) {
    words options = steps_words(run);
    append(options, {"--levels", "edm", "--prediction", "edm"});
    append(options, {"--sigma-max", text_of(run.config.number("sigma_max", 80.0)), "--sigma-min",
                     text_of(run.config.number("sigma_min", 0.002)), "--sigma-data",
                     text_of(run.config.number("sigma_data", 0.5))});
    append(options, run.scheduler == "EDMEulerScheduler" ? words{"--rederive-epsilon"} : dpm_solver_words(run));
    return options;
}

struct scheduler_words {
    const char* scheduler;
    words (*words_of)(const solver_case& run);
};

constexpr scheduler_words schedulers[] = {
    {"DDIMScheduler", &ddim_words},
    {"DDIMInverseScheduler", &ddim_words},
    {"CogVideoXDDIMScheduler", &ddim_words},
    {"DDPMScheduler", &ddpm_words},
    {"PNDMScheduler", &pndm_words},
    {"EulerDiscreteScheduler", &euler_words},
    {"EulerAncestralDiscreteScheduler", &euler_words},
    {"HeunDiscreteScheduler", &euler_words},
    {"DPMSolverMultistepScheduler", &multistep_words},
    {"UniPCMultistepScheduler", &multistep_words},
    {"LCMScheduler", &consistency_words},
    {"TCDScheduler", &consistency_words},
    {"FlowMatchEulerDiscreteScheduler", &flow_words},
    {"EDMEulerScheduler", &edm_words},
    {"EDMDPMSolverMultistepScheduler", &edm_words},
};

} // namespace

words solver_words(const solver_case& run) {
    for (const scheduler_words& each : schedulers)
        if (run.scheduler == each.scheduler) return each.words_of(run);
    golden::fail("no command line for " + run.scheduler);
}

} // namespace trace_test
