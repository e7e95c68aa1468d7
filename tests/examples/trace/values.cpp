#include "trace/values.hpp"

#include <algorithm>

namespace trace {

namespace {

/// Reads what stands between separators, each by itself.
template <class Value, class Read>
bool parse_parts(const std::string& text, char separator, std::vector<Value>& values, const Read& read) {
    values.clear();
    for (std::size_t start = 0; start <= text.size();) {
        const std::size_t end = std::min(text.find(separator, start), text.size());
        Value value{};
        if (!read(text.substr(start, end - start), value)) return false;
        values.push_back(value);
        start = end + 1;
    }
    return true;
}

bool read_int(const std::string& text, int& value) { return parse_int(text.c_str(), value); }
bool read_real(const std::string& text, double& value) { return parse_real(text.c_str(), value); }

} // namespace

bool parse_int(const char* text, std::optional<int>& value) {
    int read = 0;
    if (!parse_int(text, read)) return false;
    value = read;
    return true;
}

bool parse_real(const char* text, std::optional<double>& value) {
    double read = 0.0;
    if (!parse_real(text, read)) return false;
    value = read;
    return true;
}

bool parse_seed(const char* text, std::optional<std::uint64_t>& value) {
    std::uint64_t read = 0;
    if (!parse_seed(text, read)) return false;
    value = read;
    return true;
}

bool parse_real(const char* text, double low, double high, std::optional<double>& value) {
    double read = 0.0;
    if (!parse_real(text, low, high, read)) return false;
    value = read;
    return true;
}

bool parse_file(const char* text, std::string& value) {
    value = text;
    return !value.empty();
}

bool parse_list(const char* text, std::vector<int>& values) { return parse_parts(text, ',', values, &read_int); }
bool parse_list(const char* text, std::vector<double>& values) { return parse_parts(text, ',', values, &read_real); }

bool parse_pairs(const char* text, std::vector<ddim::timestep_pair>& values) {
    return parse_parts(text, ',', values, [](const std::string& part, ddim::timestep_pair& pair) {
        std::vector<int> both;
        if (!parse_parts(part, ':', both, &read_int) || both.size() != 2) return false;
        pair = {both[0], both[1]};
        return true;
    });
}

bool parse_sigmas(const char* text, std::vector<ddim::timed_sigma>& values) {
    return parse_parts(text, ',', values, [](const std::string& part, ddim::timed_sigma& level) {
        std::vector<double> both;
        if (!parse_parts(part, ':', both, &read_real) || both.size() != 2) return false;
        level = {both[0], both[1]};
        return true;
    });
}

bool parse_levels(const char* text, std::vector<ddim::timed_level>& values) {
    return parse_parts(text, ',', values, [](const std::string& part, ddim::timed_level& level) {
        std::vector<double> three;
        if (!parse_parts(part, ':', three, &read_real) || three.size() != 3) return false;
        level = {three[0], three[1], three[2]};
        return true;
    });
}

bool parse_level(const char* text, ddim::timed_level& value) {
    std::vector<double> both;
    if (!parse_parts(text, ':', both, &read_real) || both.size() != 2) return false;
    value = {0.0, both[0], both[1]};
    return true;
}

} // namespace trace
