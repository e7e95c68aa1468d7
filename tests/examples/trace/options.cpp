#include "trace/options.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "trace/names.hpp"
#include "trace/refuse.hpp"
#include "trace/rules.hpp"

namespace trace {

namespace {

using name_list = std::vector<std::string_view>;

bool contains(const name_list& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

const rule* find_rule(const char* name) {
    const ddim::span<const rule> rules = all_rules();
    const rule* end = rules.data + rules.size;
    const rule* found =
        std::find_if(rules.data, end, [name](const rule& each) { return std::strcmp(each.name, name) == 0; });
    return found == end ? nullptr : found;
}

/// Reads the options one by one and notes their names in `given`.
bool read_options(int count, char** arguments, options& result, name_list& given) {
    for (int i = 1; i < count && !result.help; ++i) {
        const char* name = arguments[i];
        const rule* found = find_rule(name);
        if (found == nullptr) return refuse("unknown option %s: see --help", name);
        if (contains(given, name)) return refuse("%s is given twice", name);
        given.push_back(name);
        const char* value = nullptr;
        if (found->argument != nullptr) {
            if (++i == count) return refuse("%s: a value is missing", name);
            value = arguments[i];
        }
        const char* expected = found->expected != nullptr ? found->expected : found->argument;
        if (!found->read(value, result)) return refuse("%s %s: expected %s", name, value, expected);
    }
    return true;
}

struct name_pair {
    const char* first;
    const char* second;
};

constexpr name_pair exclusions[] = {
    {"--timesteps", "--steps"},       {"--timesteps", "--spacing"},        {"--timesteps", "--offset"},
    {"--original-steps", "--steps"},  {"--original-steps", "--timesteps"}, {"--original-steps", "--spacing"},
    {"--original-steps", "--offset"}, {"--print-plan", "--print-table"},
};

/// The first means nothing without the second.
constexpr name_pair needs[] = {
    {"--uncond", "--cond"},     {"--keep", "--noise-dropout"}, {"--mask", "--x0"},    {"--x0", "--mask"},
    {"--mask-noise", "--mask"}, {"--x-T", "--shape"},          {"--cond", "--shape"}, {"--noise", "--shape"},
    {"--keep", "--shape"},      {"--mask", "--shape"},         {"--out", "--shape"},  {"--out-x0", "--shape"},
    {"--out-log", "--shape"},
};

bool check_together(const options& result, const name_list& given) {
    for (const name_pair& pair : exclusions)
        if (contains(given, pair.first) && contains(given, pair.second))
            return refuse("%s and %s exclude each other", pair.first, pair.second);
    for (const name_pair& pair : needs)
        if (contains(given, pair.first) && !contains(given, pair.second))
            return refuse("%s needs %s", pair.first, pair.second);
    if (!result.runs() && !result.prints())
        return refuse("nothing to do without --shape, --print-plan or --print-table: see --help");
    if (result.runs() && result.model == model_kind::analytic && result.cond.empty())
        return refuse("--model analytic needs --cond");
    // The reference asserts it: the corrector changes epsilon, and other models predict something else.
    if (result.corrector && result.solver.predicts != ddim::prediction::epsilon)
        return refuse("--corrector needs --prediction epsilon");
    const bool same_out = !result.out.empty() && (result.out == result.out_x0 || result.out == result.out_log);
    if (same_out || (!result.out_x0.empty() && result.out_x0 == result.out_log))
        return refuse("two outputs cannot go to one file");
    return true;
}

/// The option and its value in a column of 26; a longer one has a line of its own.
void print_rule(const rule& each) {
    std::string head = each.name;
    if (each.argument != nullptr) head += std::string(" ") + each.argument;
    std::printf("  %-26s", head.c_str());
    if (head.size() > 26) std::printf("\n%28s", "");
    std::printf("  %s\n", each.help);
}

} // namespace

bool parse_options(int count, char** arguments, options& result) {
    name_list given;
    if (!read_options(count, arguments, result, given)) return false;
    if (result.help) return true;
    // The DDPM tables begin with alphas_cumprod_prev = 1.
    if (result.original_steps && !contains(given, "--final-alpha")) result.solver.final = ddim::final_alpha::one;
    return check_together(result, given);
}

void print_help() {
    std::puts("usage: ddim_trace [options]\n"
              "Runs one trajectory of the sampler, to be compared number by number with that of another program.\n"
              "Files are raw little-endian float32 in C order. Defaults stand in brackets.\n");
    const ddim::span<const rule> rules = all_rules();
    for (std::size_t i = 0; i < rules.size; ++i) print_rule(rules.data[i]);
    std::puts("\nModels, with m the input, t the timestep, every operation in float32:\n"
              "  analytic   tests/golden/FORMAT.md's, of the conditions in --cond and --uncond\n"
              "  rational   m / (1 + |m|) * (t / (t + 1)) + 0.1, the same for every condition\n"
              "  linear     m * (t / (t + 1)), the same for every condition\n"
              "\nTables:");
    for (const auto& each : table_names) std::printf("  %s\n", each.name);
    std::puts(
        "\nA run with no output named prints one line about itself. Exit code 0, or 2 after one line on stderr.");
}

} // namespace trace
