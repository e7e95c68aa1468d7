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
    {"interpolated", "S fractional timesteps from T - 1 to 0"},
    {"karras", "a ramp of sigmas between those of the list's ends, in sigma^(1 / rho)"},
    {"exponential", "the same in ln(sigma)"},
    {"flow", "flow matching: alpha = 1 - sigma"},
    {"logsnr", "continuous time, evenly spaced in ln(alpha / sigma)"},
    {"edm", "Karras et al. 2022: sigmas of its own, told ln(sigma) / 4"},
    {"sigmas", "by --sigma-list, ends clean"},
    {"listed", "by --level-list"},
};
static_assert(sizeof level_entries / sizeof level_entries[0] == sizeof level_names / sizeof level_names[0]);

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
        "\nThe options that run a scheduler_config.json of diffusers, or a policy's config.json of LeRobot:\n"
        "  cmake -DCONFIG=FILE -DSTEPS=S -P lib/package/ddim-plan.cmake\n"
        "Its linear betas are sqrt_linear here, scaled_linear linear, squaredcos_cap_v2 cosine.\n"
        "\nA run with no output named prints one line about itself. Exit code 0, or 2 after one line on stderr.");
}

} // namespace trace
