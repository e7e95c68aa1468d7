#include "trace/help.hpp"

#include <cstdio>
#include <string>

#include "trace/names.hpp"
#include "trace/rules.hpp"

namespace trace {

namespace {

struct entry {
    const char* name;
    const char* text;
};

constexpr entry level_entries[] = {
    {"schedule", "each timestep of the list leads to the next, the last to the final alpha"},
    {"stride", "each leads to t - T / S"},
    {"paired", "each step by itself, by --pairs"},
    {"interpolated", "S fractional timesteps from T - 1 to 0, ends clean"},
    {"karras", "a ramp of sigmas between those of the list's ends, in sigma^(1 / rho)"},
    {"exponential", "the same in ln(sigma)"},
    {"flow", "flow matching: alpha = 1 - sigma"},
    {"logsnr", "continuous time, evenly spaced in ln(alpha / sigma)"},
    {"edm", "Karras et al. 2022: sigmas of its own, told ln(sigma) / 4"},
    {"sigmas", "by --sigma-list, ends clean"},
    {"listed", "by --level-list"},
};
static_assert(sizeof level_entries / sizeof level_entries[0] == sizeof level_names / sizeof level_names[0]);

/// diffusers' schedulers, in terms of their configs.
constexpr entry recipes[] = {
    {"DDIMScheduler", "--levels stride --spacing SPACING --offset OFFSET --final-alpha FINAL --eta ETA"},
    {"CogVideoXDDIMScheduler", "the same, --rederive-epsilon --snr-shift SNR_SHIFT_SCALE"},
    {"DDIMInverseScheduler",
     "--solver ddim_inverse --levels stride --spacing SPACING --offset OFFSET --final-alpha FINAL --x-T FILE"},
    {"DDPMScheduler", "--solver ddpm --spacing SPACING --offset OFFSET --ddpm-noise timestep_above_zero"},
    {"  variance_type fixed_large", "the same, --v-posterior 1"},
    {"PNDMScheduler", "--solver pndm --spacing leading --offset OFFSET --final-alpha FINAL"},
    {"EulerDiscreteScheduler, linspace", "--rederive-epsilon --levels interpolated --start-scale sigma"},
    {"  leading", "--rederive-epsilon --spacing leading --offset OFFSET --final-alpha one"},
    {"  trailing", "--rederive-epsilon --spacing trailing --final-alpha one --start-scale sigma"},
    {"  use_karras_sigmas", "the same on --levels karras; linspace: --levels karras --spacing linspace"},
    {"  use_exponential_sigmas", "the same on --levels exponential"},
    {"  of Stable Video Diffusion", "--rederive-epsilon --levels edm --sigma-data 1 --sigma-max 700 "
                                    "--prediction v_prediction --start-scale sigma"},
    {"EulerAncestralDiscreteScheduler", "as EulerDiscreteScheduler, --eta 1"},
    {"HeunDiscreteScheduler", "as EulerDiscreteScheduler, --solver heun in place of --rederive-epsilon"},
    {"DPMSolverMultistepScheduler", "--solver dpm_solver --order ORDER --spacing linspace --open-timesteps "
                                    "--final-alpha one"},
    {"  leading", "the same, --spacing leading --offset OFFSET"},
    {"  trailing", "the same, --spacing trailing and without --open-timesteps"},
    {"  use_karras_sigmas",
     "the same on --levels karras --spacing linspace --told-timestep nearest (cosine: floored), "
     "without --open-timesteps"},
    {"  use_flow_sigmas", "--solver dpm_solver --levels flow --flow-first 0.999 --flow-shift FLOW_SHIFT "
                          "--flow-told-scale 1000 --flow-told-whole --prediction flow_prediction"},
    {"  final_sigmas_type sigma_min", "--final-alpha first"},
    {"  lambda_min_clipped", "--lambda-min L"},
    {"  sde-dpmsolver++", "--sde"},
    {"UniPCMultistepScheduler", "as DPMSolverMultistepScheduler, --solver unipc --unipc-variant SOLVER_TYPE"},
    {"  use_karras_sigmas", "the same, always --told-timestep nearest"},
    {"  use_flow_sigmas", "the same, --flow-last 0.001 --flow-largest 0.999999 in place of --flow-first"},
    {"LCMScheduler", "--solver lcm --spacing distilled --original-inference-steps N"},
    {"TCDScheduler", "--solver tcd --spacing distilled --original-inference-steps N --eta ETA"},
    {"FlowMatchEulerDiscreteScheduler", "--levels flow --flow-grid shifted_train_ends --flow-shift SHIFT "
                                        "--flow-told-scale 1000 --prediction flow_prediction"},
    {"  use_dynamic_shifting", "--flow-grid train_ends --flow-mu MU; time_shift_type linear: --flow-shift MU"},
    {"  sigmas of the caller", "--flow-sigmas LIST in place of --steps and --flow-grid"},
    {"  shift_terminal", "--flow-terminal S"},
    {"  use_karras_sigmas", "--flow-karras"},
    {"  invert_sigmas", "--flow-inverted"},
    {"  stochastic_sampling", "--solver lcm --boundary-scaling off"},
    {"EDMEulerScheduler", "--levels edm --sigma-data D --prediction edm --rederive-epsilon"},
    {"EDMDPMSolverMultistepScheduler", "--levels edm --sigma-data D --prediction edm --solver dpm_solver"},
};

/// The option and its value in a column of 26; a longer one has a line of its own.
void print_entry(const std::string& head, const char* text, int width) {
    std::printf("  %-*s", width, head.c_str());
    if (head.size() > static_cast<std::size_t>(width)) std::printf("\n%*s", width + 2, "");
    std::printf("  %s\n", text);
}

void print_rules(const rule_group& group) {
    std::printf("\n%s:\n", group.title);
    for (std::size_t i = 0; i < group.rules.size; ++i) {
        const rule& each = group.rules.data[i];
        std::string head = each.name;
        if (each.argument != nullptr) head += std::string(" ") + each.argument;
        print_entry(head, each.help, 26);
    }
}

} // namespace

void print_help() {
    std::puts("usage: ddim_trace [options]\n"
              "Runs one trajectory of the sampler, to be compared number by number with that of another program.\n"
              "Files are raw little-endian float32 in C order. Defaults stand in brackets.");
    const ddim::span<const rule_group> groups = all_rules();
    for (std::size_t i = 0; i < groups.size; ++i) print_rules(groups.data[i]);
    std::puts("\nRules of levels:");
    for (const entry& each : level_entries) print_entry(each.name, each.text, 12);
    std::puts("\nModels, with m the input, t the timestep, every operation in float32:\n"
              "  analytic   tests/golden/FORMAT.md's, of the conditions in --cond and --uncond\n"
              "  rational   m / (1 + |m|) * (t / (t + 1)) + 0.1, the same for every condition\n"
              "  linear     m * (t / (t + 1)), the same for every condition\n"
              "\nTables:");
    for (const auto& each : table_names) std::printf("  %s\n", each.name);
    std::puts(
        "\ndiffusers' schedulers. To each add --steps S, --prediction, --schedule with its betas where it has one,\n"
        "where it clips --clip clip_sample_range, and where it thresholds, in place of that, --threshold\n"
        "dynamic_thresholding_ratio,sample_max_value. Its beta_schedule linear is sqrt_linear here, scaled_linear\n"
        "linear, squaredcos_cap_v2 cosine. OFFSET is steps_offset, of leading spacing only; FINAL is one where\n"
        "set_alpha_to_one, else first. rescale_betas_zero_snr is --zero-terminal-snr; Euler, Heun, DPM-Solver++\n"
        "and UniPC add --terminal-alpha 0x1p-24. A pipeline's guidance_rescale is --guidance-rescale.");
    for (const entry& each : recipes) print_entry(each.name, each.text, 32);
    std::puts(
        "\nA run with no output named prints one line about itself. Exit code 0, or 2 after one line on stderr.");
}

} // namespace trace
