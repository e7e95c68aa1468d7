#include "trace/rules.hpp"

#include <algorithm>
#include <cfloat>
#include <climits>

#include "examples/arguments.hpp"
#include "trace/names.hpp"

namespace trace {

namespace {

using arguments::parse_int;
using arguments::parse_real;
using arguments::parse_seed;

bool parse_int(const char* text, int& value) { return parse_int(text, INT_MIN, INT_MAX, value); }

bool parse_count(const char* text, int& value) { return parse_int(text, 1, INT_MAX, value); }

bool parse_file(const char* text, std::string& value) {
    value = text;
    return !value.empty();
}

/// Whole numbers separated by commas.
bool parse_list(const char* text, std::vector<int>& values) {
    values.clear();
    const std::string all = text;
    for (std::size_t start = 0; start <= all.size();) {
        const std::size_t end = std::min(all.find(',', start), all.size());
        int value = 0;
        if (!parse_int(all.substr(start, end - start).c_str(), value)) return false;
        values.push_back(value);
        start = end + 1;
    }
    return true;
}

/// The run works on whole buffers in memory, so a shape has a limit of this tool's own: 1 GiB of state.
constexpr std::int64_t most_values = std::int64_t{1} << 28;

bool parse_shape(const char* text, image_shape& shape) {
    std::vector<int> sizes;
    if (!parse_list(text, sizes) || sizes.size() != 4) return false;
    std::int64_t values = 1;
    for (const int size : sizes) {
        if (size < 1 || size > most_values / values) return false;
        values *= size;
    }
    shape = {sizes[0], sizes[1], sizes[2], sizes[3]};
    return true;
}

bool parse_weight(const char* text, std::optional<float>& weight) {
    double value = 0.0;
    if (!parse_real(text, -static_cast<double>(FLT_MAX), static_cast<double>(FLT_MAX), value)) return false;
    weight = static_cast<float>(value);
    return true;
}

bool parse_last(const char* text, std::optional<int>& last) {
    int value = 0;
    if (!parse_int(text, value)) return false;
    last = value;
    return true;
}

constexpr const char* a_number = "a number";
constexpr const char* a_whole_number = "a whole number";
constexpr const char* a_file = "a file name";

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
    {"--cosine-s", "S", a_number, "offset of the cosine schedule (0.008)",
     [](const char* text, options& o) { return parse_real(text, o.betas.cosine_s); }},

    {"--steps", "S", a_whole_number, "steps of the spacing (50)",
     [](const char* text, options& o) { return parse_int(text, o.steps); }},
    {"--spacing", "uniform|quad|leading|trailing|linspace", nullptr, "which S of the T timesteps (uniform)",
     [](const char* text, options& o) { return find_value(spacing_names, text, o.spacing); }},
    {"--offset", "N", a_whole_number, "moves every timestep of the spacing (0)",
     [](const char* text, options& o) { return parse_int(text, o.offset); }},
    {"--timesteps", "981,961,...", "whole numbers separated by commas", "the timesteps, in place of a spacing",
     [](const char* text, options& o) { return parse_list(text, o.timesteps); }},
    {"--original-steps", nullptr, nullptr, "all T timesteps, with the DDPM tables (final alpha one)",
     [](const char*, options& o) { return o.original_steps = true; }},
    {"--last", "N", a_whole_number, "only the last N steps (all)",
     [](const char* text, options& o) { return parse_last(text, o.last); }},

    {"--final-alpha", "first|one", nullptr, "alphas_cumprod after the last step: entry 0, or 1 (first)",
     [](const char* text, options& o) { return find_value(final_alpha_names, text, o.solver.final); }},
    {"--prediction", "epsilon|sample|v_prediction", nullptr, "what the model predicts (epsilon)",
     [](const char* text, options& o) { return find_value(prediction_names, text, o.solver.predicts); }},
    {"--eta", "E", a_number, "0 deterministic .. 1 as noisy as DDPM (0)",
     [](const char* text, options& o) { return parse_real(text, o.solver.eta); }},
    {"--temperature", "F", a_number, "factor of the noise (1)",
     [](const char* text, options& o) { return parse_real(text, o.solver.temperature); }},
    {"--noise-dropout", "P", a_number, "share of the noise's entries that is dropped, 0 <= P < 1 (0)",
     [](const char* text, options& o) { return parse_real(text, o.noise_dropout); }},
    {"--repeat-noise", nullptr, nullptr, "every sample of the batch gets the noise of the first",
     [](const char*, options& o) { return o.repeat_noise = true; }},
    {"--guidance", "W", a_number, "guidance scale, in effect where --uncond is given (1)",
     [](const char* text, options& o) { return parse_real(text, o.guidance); }},
    {"--clip", "R", a_number, "x0 is clamped to [-R, R] (never)",
     [](const char* text, options& o) { return parse_real(text, o.solver.clip); }},
    {"--rederive-epsilon", nullptr, nullptr, "the direction comes from the clipped x0, not from the model's output",
     [](const char*, options& o) { return o.solver.rederive_epsilon = true; }},
    {"--corrector", "W", "a finite float32", "score corrector: e += W x",
     [](const char* text, options& o) { return parse_weight(text, o.corrector); }},
    {"--quantize", nullptr, nullptr, "x0 hook: x0 = rint(8 x0) / 8",
     [](const char*, options& o) { return o.quantize = true; }},

    {"--model", "analytic|rational|linear", nullptr, "the formula in the network's place, see below (analytic)",
     [](const char* text, options& o) { return find_value(model_names, text, o.model); }},
    {"--shape", "B,C,H,W", "B,C,H,W: four sizes of at least 1, their product at most 2^28",
     "of x, at most 2^28 values; asks for a run",
     [](const char* text, options& o) { return parse_shape(text, o.shape); }},
    {"--x-T", "FILE", a_file, "[B,C,H,W] the state to start from (drawn)",
     [](const char* text, options& o) { return parse_file(text, o.x_T); }},
    {"--cond", "FILE", a_file, "[B,4] conditions",
     [](const char* text, options& o) { return parse_file(text, o.cond); }},
    {"--uncond", "FILE", a_file, "[B,4] unconditional conditions (none, and no guidance)",
     [](const char* text, options& o) { return parse_file(text, o.uncond); }},
    {"--noise", "FILE", a_file, "[steps,B,C,H,W] noise of the steps; repeated: [steps,C,H,W] will do (drawn)",
     [](const char* text, options& o) { return parse_file(text, o.noise); }},
    {"--keep", "FILE", a_file, "[steps,B,C,H,W] 1: kept by noise dropout, 0: dropped (drawn)",
     [](const char* text, options& o) { return parse_file(text, o.keep); }},
    {"--x0", "FILE", a_file, "[B,C,H,W] the known sample, for --mask",
     [](const char* text, options& o) { return parse_file(text, o.x0); }},
    {"--mask", "FILE", a_file, "[1,1,H,W] 1: known, kept; 0: made anew. Blended before each model call",
     [](const char* text, options& o) { return parse_file(text, o.mask); }},
    {"--mask-noise", "FILE", a_file, "[steps,B,C,H,W] noise of the known region (drawn)",
     [](const char* text, options& o) { return parse_file(text, o.mask_noise); }},
    {"--seed", "N", "a whole number from 0 to 2^64 - 1", "of what is drawn (0)",
     [](const char* text, options& o) { return parse_seed(text, o.seed); }},
    {"--backend", "host|cuda", nullptr, "where the run is done (host)",
     [](const char* text, options& o) { return find_value(backend_names, text, o.backend); }},

    {"--out", "FILE", a_file, "[B,C,H,W] the last x",
     [](const char* text, options& o) { return parse_file(text, o.out); }},
    {"--out-x0", "FILE", a_file, "[B,C,H,W] the last predicted x0",
     [](const char* text, options& o) { return parse_file(text, o.out_x0); }},
    {"--out-log", "FILE", a_file, "[2,entries,B,C,H,W] the reference's intermediates: x_inter, then pred_x0",
     [](const char* text, options& o) { return parse_file(text, o.out_log); }},
    {"--log-every", "N", "a whole number of at least 1", "entries: x_T, the first step, indices that N divides (100)",
     [](const char* text, options& o) { return parse_count(text, o.log_every); }},
    {"--print-plan", nullptr, nullptr, "CSV: step, timestep and every coefficient, in %.9g",
     [](const char*, options& o) { return o.print_plan = true; }},
    {"--print-table", "NAME", "a buffer of DDPM.register_schedule: betas, alphas_cumprod, ...",
     "a buffer of DDPM.register_schedule, one value a line, in %.9g",
     [](const char* text, options& o) { return find_value(table_names, text, o.print_table); }},
    {"--help", nullptr, nullptr, "this text", [](const char*, options& o) { return o.help = true; }},
};
// clang-format on

} // namespace

ddim::span<const rule> all_rules() noexcept { return table; }

} // namespace trace
