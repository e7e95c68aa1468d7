// What a run reads and where it is done, and what is written.
#include "trace/names.hpp"
#include "trace/rules.hpp"
#include "trace/values.hpp"

namespace trace {

namespace {

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

// clang-format off
constexpr rule run_table[] = {
    {"--model", "analytic|rational|linear", nullptr, "the formula in the network's place, see below (analytic)",
     [](const char* text, options& o) { return find_value(model_names, text, o.model); }},
    {"--shape", "B,C,H,W", "B,C,H,W: four sizes of at least 1, their product at most 2^28",
     "of x, at most 2^28 values; asks for a run",
     [](const char* text, options& o) { return parse_shape(text, o.shape); }},
    {"--x-T", "FILE", a_file, "[B,C,H,W] the state to start from (made of noise)",
     [](const char* text, options& o) { return parse_file(text, o.x_T); }},
    {"--noised", "FILE", a_file, "[B,C,H,W] the clean sample to start from, noised to the first level (none)",
     [](const char* text, options& o) { return parse_file(text, o.noised); }},
    {"--initial-noise", "FILE", a_file, "[B,C,H,W] the noise that x_T is made of (drawn)",
     [](const char* text, options& o) { return parse_file(text, o.initial_noise); }},
    {"--cond", "FILE", a_file, "[B,4] conditions",
     [](const char* text, options& o) { return parse_file(text, o.cond); }},
    {"--uncond", "FILE", a_file, "[B,4] unconditional conditions (none, and no guidance)",
     [](const char* text, options& o) { return parse_file(text, o.uncond); }},
    {"--noise", "FILE", a_file, "[calls,B,C,H,W] noise of the steps; repeated: [calls,C,H,W] will do (drawn)",
     [](const char* text, options& o) { return parse_file(text, o.noise); }},
    {"--keep", "FILE", a_file, "[calls,B,C,H,W] 1: kept by noise dropout, 0: dropped (drawn)",
     [](const char* text, options& o) { return parse_file(text, o.keep); }},
    {"--x0", "FILE", a_file, "[B,C,H,W] the known sample, for --mask",
     [](const char* text, options& o) { return parse_file(text, o.x0); }},
    {"--mask", "FILE", a_file, "[1,1,H,W] 1: known, kept; 0: made anew. Blended before each model call",
     [](const char* text, options& o) { return parse_file(text, o.mask); }},
    {"--mask-noise", "FILE", a_file, "[calls,B,C,H,W] noise of the known region (drawn)",
     [](const char* text, options& o) { return parse_file(text, o.mask_noise); }},
    {"--seed", "N", "a whole number from 0 to 2^64 - 1", "of what is drawn (0)",
     [](const char* text, options& o) { return parse_seed(text, o.seed); }},
    {"--torch-seed", "N", "a whole number from 0 to 2^64 - 1",
     "noise of torch.Generator().manual_seed(N), drawn in a diffusers pipeline's order (none)",
     [](const char* text, options& o) { return parse_seed(text, o.torch_seed); }},
    {"--backend", "host|cuda", nullptr, "where the run is done (host)",
     [](const char* text, options& o) { return find_value(backend_names, text, o.backend); }},
};

constexpr rule output_table[] = {
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

ddim::span<const rule> run_rules() noexcept { return run_table; }
ddim::span<const rule> output_rules() noexcept { return output_table; }

} // namespace trace
