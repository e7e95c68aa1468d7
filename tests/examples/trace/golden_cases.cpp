#include "trace/golden_cases.hpp"

namespace trace_test {

void append(words& all, const words& more) { all.insert(all.end(), more.begin(), more.end()); }

std::string visited_timesteps(const std::string& name) {
    static const golden::csv_table steps = golden::read_csv("traj/steps.csv");
    std::string list;
    for (std::size_t row = 0; row < steps.size(); ++row)
        if (steps.text(row, "case") == name) list += (list.empty() ? "" : ",") + steps.text(row, "t");
    return list;
}

words timestep_options(const trajectory_case& run) {
    if (run.has("use_original_steps")) return {"--original-steps"};
    words options = {"--steps", run.text("S"), "--spacing", run.text("method")};
    // Asked for the last 6, the reference ran 5: we ask for what it ran.
    if (run.is_partial())
        append(options, {"--last", run.text("steps_run")});
    else if (run.text("S") != run.text("steps_run"))
        return {"--timesteps", visited_timesteps(run.name())};
    return options;
}

words options_of(const trajectory_case& run, const folder& files) {
    const std::size_t values = run.values();
    const int steps = run.steps();
    words options = {"--schedule",    run.text("schedule"),
                     "--train-steps", run.text("T"),
                     "--eta",         run.text("eta"),
                     "--temperature", run.text("temperature"),
                     "--log-every",   run.text("log_every_t"),
                     "--shape",       run.is_large() ? "2,4,64,64" : "3,4,8,8",
                     "--x-T",         files.write("x_T", golden::gauss(1, values)),
                     "--cond",        files.write("cond", golden::conditions(run.batch())),
                     "--noise",       files.write("noise", golden::gauss_of_steps(1000, steps, values)),
                     "--out",         files.path("x"),
                     "--out-x0",      files.path("pred_x0"),
                     "--out-log",     files.path("log")};
    if (run.has("uc_given"))
        append(options, {"--guidance", run.text("scale"), "--uncond",
                         files.write("uncond", golden::unconditional_conditions(run.batch()))});
    const double dropout = run.table.number(run.row, "noise_dropout");
    if (dropout > 0.0)
        append(options, {"--noise-dropout", run.text("noise_dropout"), "--keep",
                         files.write("keep", golden::keep_of_steps(3000, steps, dropout, values))});
    if (run.has("mask"))
        append(options, {"--mask", files.write("mask", golden::read_floats("traj/in.mask.npy")), "--x0",
                         files.write("x0", golden::read_floats("traj/in.x0.npy")), "--mask-noise",
                         files.write("mask_noise", golden::gauss_of_steps(2000, steps, values))});
    if (!run.text("corrector_w").empty()) append(options, {"--corrector", run.text("corrector_w")});
    if (run.has("quantize")) append(options, {"--quantize"});
    return options;
}

} // namespace trace_test
