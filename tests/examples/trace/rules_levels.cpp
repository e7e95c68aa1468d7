// The levels: which rule makes them, and the options of each.
#include "trace/names.hpp"
#include "trace/rules.hpp"
#include "trace/values.hpp"

namespace trace {

namespace {

bool parse_shift(const char* text, bool is_exponent, ddim::flow_options& flow) {
    flow.shift_is_exponent = is_exponent;
    return parse_real(text, flow.shift);
}

// clang-format off
constexpr rule table[] = {
    {"--levels", "schedule|stride|paired|interpolated|karras|exponential|flow|logsnr|edm|sigmas|listed", nullptr,
     "the rule, see below (schedule)",
     [](const char* text, options& o) { return find_value(level_names, text, o.levels.rule); }},
    {"--final-alpha", "first|one", nullptr,
     "alphas_cumprod after the last step: entry 0, or 1 (first; of interpolated and ramps one)",
     [](const char* text, options& o) { return find_value(final_alpha_names, text, o.levels.final); }},
    {"--first", "N", a_whole_number, "only the first N steps (all)",
     [](const char* text, options& o) { return parse_int(text, o.levels.first); }},
    {"--last", "N", a_whole_number, "only the last N steps (all)",
     [](const char* text, options& o) { return parse_int(text, o.levels.last); }},
    {"--start-scale", "one|sigma|unit_variance", nullptr,
     "what the noise that x_T is made of is multiplied by (one; of edm unit_variance)",
     [](const char* text, options& o) { return find_value(start_scale_names, text, o.levels.start); }},

    {"--pairs", "10:9,0:-1,...", "pairs of whole numbers, T:NEXT, separated by commas",
     "paired: each step's timestep, and the one that it leads to (below 0: final alpha)",
     [](const char* text, options& o) { return parse_pairs(text, o.levels.pairs); }},
    {"--noised-timestep", "T", a_whole_number, "paired: the level that --noised starts from (the first pair's)",
     [](const char* text, options& o) { return parse_int(text, o.levels.noised_timestep); }},
    {"--sigma-max", "S", a_number, "karras, exponential: the first sigma (of the first timestep); edm (80)",
     [](const char* text, options& o) { return parse_real(text, o.levels.sigma_max); }},
    {"--sigma-min", "S", a_number, "karras, exponential: the last sigma (of the last timestep); edm (0.002)",
     [](const char* text, options& o) { return parse_real(text, o.levels.sigma_min); }},
    {"--rho", "R", a_number, "karras, edm: exponent of the ramp (7)",
     [](const char* text, options& o) { return parse_real(text, o.levels.rho); }},
    {"--told-timestep", "fractional|nearest|floored", nullptr,
     "karras, exponential: how the model is told a place between two timesteps (fractional)",
     [](const char* text, options& o) { return find_value(told_names, text, o.levels.told); }},
    {"--told-log-sigma", nullptr, nullptr, "of levels of a schedule: the model is told ln(sigma / alpha) / 4",
     [](const char*, options& o) { return o.levels.tells_log_sigma = true; }},
    {"--sigma-data", "D", a_number, "edm: deviation of the data; 1: variance preserving (0.5)",
     [](const char* text, options& o) { return parse_real(text, o.levels.sigma_data); }},
    {"--edm-ramp", "karras|exponential", nullptr, "edm: the ramp of sigmas (karras)",
     [](const char* text, options& o) { return find_value(ramp_names, text, o.levels.exponential_ramp); }},

    {"--flow-grid", "even|train_ends|shifted_train_ends", nullptr,
     "flow: sigmas before the shift. first to last, the last not visited; 1 to 1 / T; the same, shifted (even)",
     [](const char* text, options& o) { return find_value(flow_grid_names, text, o.levels.flow.grid); }},
    {"--flow-first", "S", a_number, "of the even grid (1)",
     [](const char* text, options& o) { return parse_real(text, o.levels.flow.first); }},
    {"--flow-last", "S", a_number, "of the even grid (0)",
     [](const char* text, options& o) { return parse_real(text, o.levels.flow.last); }},
    {"--flow-sigmas", "1,0.9,...", "numbers separated by commas", "flow: the sigmas, in place of a grid",
     [](const char* text, options& o) { return parse_list(text, o.levels.flow_sigmas); }},
    {"--flow-shift", "K", a_number, "flow: s becomes K s / (1 + (K - 1) s) (1)",
     [](const char* text, options& o) { return parse_shift(text, false, o.levels.flow); }},
    {"--flow-mu", "MU", a_number, "flow: the same with e^MU for K",
     [](const char* text, options& o) { return parse_shift(text, true, o.levels.flow); }},
    {"--flow-terminal", "S", a_number, "flow: stretched until the last sigma visited is this (not)",
     [](const char* text, options& o) { return parse_real(text, o.levels.flow.terminal); }},
    {"--flow-karras", nullptr, nullptr, "flow: Karras' ramp between the ends",
     [](const char*, options& o) { return o.levels.flow.karras = true; }},
    {"--flow-largest", "S", a_number, "flow: a larger sigma becomes this (1)",
     [](const char* text, options& o) { return parse_real(text, o.levels.flow.largest); }},
    {"--flow-inverted", nullptr, nullptr, "flow: s becomes 1 - s",
     [](const char*, options& o) { return o.levels.flow.inverted = true; }},
    {"--flow-told", "sigma|one_minus_sigma", nullptr, "flow: what the model is told (sigma)",
     [](const char* text, options& o) { return find_value(flow_told_names, text, o.levels.flow.told); }},
    {"--flow-told-scale", "F", a_number, "flow: times this (1)",
     [](const char* text, options& o) { return parse_real(text, o.levels.flow.told_scale); }},
    {"--flow-told-whole", nullptr, nullptr, "flow: rounded towards zero",
     [](const char*, options& o) { return o.levels.flow.told_whole = true; }},

    {"--logsnr-beta-0", "B", a_number, "logsnr: beta at time 0 (0.1)",
     [](const char* text, options& o) { return parse_real(text, o.levels.logsnr.beta_0); }},
    {"--logsnr-beta-1", "B", a_number, "logsnr: beta at time 1 (20)",
     [](const char* text, options& o) { return parse_real(text, o.levels.logsnr.beta_1); }},
    {"--logsnr-first-time", "T", a_number, "logsnr: of the first step (1)",
     [](const char* text, options& o) { return parse_real(text, o.levels.logsnr.first_time); }},
    {"--logsnr-last-time", "T", a_number, "logsnr: of the last step (0.001)",
     [](const char* text, options& o) { return parse_real(text, o.levels.logsnr.last_time); }},

    {"--sigma-list", "T:S,...", "T:SIGMA, separated by commas",
     "sigmas: what the model is told, and sigma / alpha of each step",
     [](const char* text, options& o) { return parse_sigmas(text, o.levels.sigmas); }},
    {"--level-list", "T:A:S,...", "T:ALPHA:SIGMA, separated by commas",
     "listed: what the model is told, alpha and sigma of each step",
     [](const char* text, options& o) { return parse_levels(text, o.levels.listed); }},
    {"--end-level", "A:S", "ALPHA:SIGMA", "listed: alpha and sigma after the last step (1:0)",
     [](const char* text, options& o) { return parse_level(text, o.levels.end); }},
};
// clang-format on

} // namespace

ddim::span<const rule> level_rules() noexcept { return table; }

} // namespace trace
