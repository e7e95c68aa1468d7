// The solver, its options, and what changes a step from outside.
#include <cfloat>

#include "trace/names.hpp"
#include "trace/rules.hpp"
#include "trace/values.hpp"

namespace trace {

namespace {

bool parse_weight(const char* text, std::optional<float>& weight) {
    double value = 0.0;
    if (!parse_real(text, -static_cast<double>(FLT_MAX), static_cast<double>(FLT_MAX), value)) return false;
    weight = static_cast<float>(value);
    return true;
}

bool parse_share(const char* text, std::optional<float>& share) {
    double value = 0.0;
    if (!parse_real(text, 0.0, 1.0, value)) return false;
    share = static_cast<float>(value);
    return true;
}

/// RATIO,MAX. The hook would refuse what is out of range by a code, in the middle of a run.
bool parse_thresholding(const char* text, std::optional<ddim::dynamic_thresholding>& thresholding) {
    std::vector<double> both;
    if (!parse_list(text, both) || both.size() != 2) return false;
    const bool is_ratio = both[0] >= 0.0 && both[0] <= 1.0;
    if (!is_ratio || !(both[1] <= static_cast<double>(FLT_MAX))) return false;
    const float most = static_cast<float>(both[1]);
    thresholding = {static_cast<float>(both[0]), most};
    return most > 0.0f;
}

// clang-format off
constexpr rule table[] = {
    {"--solver", "ddim|ddim_inverse|ddpm|dpm_solver|unipc|pndm|heun|lcm|tcd", nullptr,
     "which method takes the steps (ddim)",
     [](const char* text, options& o) { return find_value(solver_names, text, o.solver.kind); }},
    {"--prediction", "epsilon|sample|v_prediction|flow_prediction|reversed_flow|edm", nullptr,
     "what the model predicts; flow is noise - x0, reversed x0 - noise (epsilon)",
     [](const char* text, options& o) { return find_value(prediction_names, text, o.solver.predicts); }},
    {"--eta", "E", a_number, "ddim: 0 deterministic .. 1 as noisy as DDPM (0); tcd: the paper's gamma (0.3)",
     [](const char* text, options& o) { return parse_real(text, o.solver.eta); }},
    {"--temperature", "F", a_number, "factor of the noise (1)",
     [](const char* text, options& o) { return parse_real(text, o.solver.temperature); }},
    {"--noise-dropout", "P", a_number, "share of the noise's entries that is dropped, 0 <= P < 1 (0)",
     [](const char* text, options& o) { return parse_real(text, o.noise_dropout); }},
    {"--repeat-noise", nullptr, nullptr, "every sample of the batch gets the noise of the first",
     [](const char*, options& o) { return o.repeat_noise = true; }},
    {"--guidance", "W", a_number, "guidance scale; needs --uncond (1)",
     [](const char* text, options& o) { return parse_real(text, o.guidance); }},
    {"--clip", "R", a_number, "x0 is clamped to [-R, R] (never)",
     [](const char* text, options& o) { return parse_real(text, o.solver.clip); }},
    {"--rederive-epsilon", nullptr, nullptr,
     "ddim: the direction comes from the clipped x0, not from the model's output",
     [](const char*, options& o) { return o.solver.rederive_epsilon = true; }},

    {"--v-posterior", "V", a_number, "ddpm: variance from the posterior's, 0, to the step's beta, 1 (0)",
     [](const char* text, options& o) { return parse_real(text, o.solver.v_posterior); }},
    {"--ddpm-noise", "not_last|timestep_above_zero", nullptr, "ddpm: which steps add noise (not_last)",
     [](const char* text, options& o) { return find_value(ddpm_noise_names, text, o.solver.noise); }},
    {"--order", "N", a_whole_number, "dpm_solver, unipc: 1, 2 or 3 (2)",
     [](const char* text, options& o) { return parse_int(text, o.solver.order); }},
    {"--lower-order-final", "on|off", nullptr, "dpm_solver, unipc: lower orders in the last steps (on)",
     [](const char* text, options& o) { return find_value(switch_names, text, o.solver.lower_order_final); }},
    {"--solver-type", "midpoint|heun", nullptr, "dpm_solver: weight of the second-order term (midpoint)",
     [](const char* text, options& o) { return find_value(solver_type_names, text, o.solver.type); }},
    {"--sde", nullptr, nullptr, "dpm_solver: adds noise",
     [](const char*, options& o) { return o.solver.sde = true; }},
    {"--euler-at-final", nullptr, nullptr, "dpm_solver: the last step is of order 1",
     [](const char*, options& o) { return o.solver.euler_at_final = true; }},
    {"--unipc-variant", "bh1|bh2", nullptr, "unipc: the paper's B(h) (bh2)",
     [](const char* text, options& o) { return find_value(variant_names, text, o.solver.variant); }},
    {"--unipc-corrector", "on|off", nullptr, "unipc: (on)",
     [](const char* text, options& o) { return find_value(switch_names, text, o.solver.corrector); }},
    {"--disable-corrector", "0,1,...", whole_numbers, "unipc: steps, from 0, that are not corrected (none)",
     [](const char* text, options& o) { return parse_list(text, o.solver.disable_corrector); }},
    {"--boundary-scaling", "on|off", nullptr, "lcm: mixes the state in near timestep 0 (on)",
     [](const char* text, options& o) { return find_value(switch_names, text, o.solver.boundary_scaling); }},
    {"--timestep-scaling", "F", a_number, "lcm: of the boundary scaling (10)",
     [](const char* text, options& o) { return parse_real(text, o.solver.timestep_scaling); }},
    {"--boundary-sigma-data", "D", a_number, "lcm: of the boundary scaling (0.5)",
     [](const char* text, options& o) { return parse_real(text, o.solver.boundary_sigma_data); }},

    {"--corrector", "W", "a finite float32", "score corrector: e += W x",
     [](const char* text, options& o) { return parse_weight(text, o.corrector); }},
    {"--guidance-rescale", "PHI", "a number from 0 to 1",
     "score corrector: e = PHI e std(conditional e) / std(e) + (1 - PHI) e, std of each sample",
     [](const char* text, options& o) { return parse_share(text, o.guidance_rescale); }},
    {"--quantize", nullptr, nullptr, "x0 hook: x0 = rint(8 x0) / 8",
     [](const char*, options& o) { return o.quantize = true; }},
    {"--threshold", "RATIO,MAX", "RATIO,MAX: a number from 0 to 1, and a float32 above 0",
     "x0 hook: x0 = clamp(x0, -s, s) / s, s that quantile of a sample's |x0|, at least 1 and at most MAX",
     [](const char* text, options& o) { return parse_thresholding(text, o.threshold); }},
};
// clang-format on

} // namespace

ddim::span<const rule> solver_rules() noexcept { return table; }

} // namespace trace
