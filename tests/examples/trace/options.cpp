#include "trace/options.hpp"

#include <cstring>

#include "trace/checks.hpp"
#include "trace/refuse.hpp"
#include "trace/rules.hpp"

namespace trace {

namespace {

const rule* find_rule(const char* name) {
    const ddim::span<const rule_group> groups = all_rules();
    for (std::size_t g = 0; g < groups.size; ++g) {
        const ddim::span<const rule> rules = groups.data[g].rules;
        for (std::size_t i = 0; i < rules.size; ++i)
            if (std::strcmp(rules.data[i].name, name) == 0) return &rules.data[i];
    }
    return nullptr;
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

} // namespace

bool parse_options(int count, char** arguments, options& result) {
    name_list given;
    if (!read_options(count, arguments, result, given)) return false;
    return result.help || check_together(result, given);
}

} // namespace trace
