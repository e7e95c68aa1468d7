// The noise schedule, and which of its timesteps a run visits.
#include <cmath>

#include "trace/names.hpp"
#include "trace/rules.hpp"
#include "trace/values.hpp"

namespace trace {

namespace {

// clang-format off
constexpr rule table[] = {
    {"--schedule", "linear|cosine|sqrt_linear|sqrt", nullptr, "betas, by the reference's names (linear)",
     [](const char* text, options& o) { return find_value(schedule_names, text, o.betas.kind); }},
    {"--train-steps", "T", a_whole_number, "training timesteps, 1..10000 (1000)",
     [](const char* text, options& o) { return parse_int(text, o.train_steps); }},
    {"--beta-start", "B", a_number, "(0.00085)",
     [](const char* text, options& o) { return parse_real(text, o.betas.beta_start); }},
    {"--beta-end", "B", a_number, "(0.012)",
     [](const char* text, options& o) { return parse_real(text, o.betas.beta_end); }},
    {"--betas", "B,B,...", "numbers separated by commas", "the T betas, in place of a schedule's",
     [](const char* text, options& o) { return parse_list(text, o.given_betas); }},
    {"--cosine-s", "S", a_number, "offset of the cosine schedule (0.008)",
     [](const char* text, options& o) { return parse_real(text, o.betas.cosine_s); }},
    {"--snr-shift", "K", a_number, "divides the signal-to-noise ratio (1)",
     [](const char* text, options& o) { return parse_real(text, o.snr.shift); }},
    {"--zero-terminal-snr", nullptr, nullptr, "stretches the schedule until its last timestep has no signal",
     [](const char*, options& o) { return o.snr.zero_terminal = true; }},
    {"--terminal-alpha", "A", a_number, "alphas_cumprod there, in place of that zero (0)",
     [](const char* text, options& o) { return parse_real(text, o.snr.terminal); }},

    {"--steps", "S", a_whole_number, "steps: of the spacing, or of levels without one (50)",
     [](const char* text, options& o) { return parse_int(text, o.timesteps.steps); }},
    {"--spacing", "uniform|quad|leading|trailing|linspace|distilled", nullptr,
     "which S of the T timesteps (uniform)",
     [](const char* text, options& o) { return find_value(spacing_names, text, o.timesteps.spacing); }},
    {"--original-inference-steps", "N", a_whole_number, "of the distilled spacing: how many the model knows (50)",
     [](const char* text, options& o) { return parse_int(text, o.timesteps.original_inference_steps); }},
    {"--offset", "N", a_whole_number, "moves every timestep of the spacing (0)",
     [](const char* text, options& o) { return parse_int(text, o.timesteps.offset); }},
    {"--open-timesteps", nullptr, nullptr, "the S + 1 timesteps of the spacing without the smallest",
     [](const char*, options& o) { return o.timesteps.open = true; }},
    {"--lambda-min", "L", a_number, "the spacing is of the timesteps with ln(alpha / sigma) >= L (of all)",
     [](const char* text, options& o) { return parse_real(text, -HUGE_VAL, HUGE_VAL, o.timesteps.lambda_min); }},
    {"--timesteps", "981,961,...", whole_numbers, "the timesteps, in place of a spacing",
     [](const char* text, options& o) { return parse_list(text, o.timesteps.listed); }},
    {"--original-steps", nullptr, nullptr, "all T timesteps, with the DDPM tables (final alpha one)",
     [](const char*, options& o) { return o.timesteps.original_steps = true; }},
};
// clang-format on

} // namespace

ddim::span<const rule> schedule_rules() noexcept { return table; }

} // namespace trace
