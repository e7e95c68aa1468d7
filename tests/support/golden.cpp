#include "support/golden.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

namespace golden {

namespace {

/// Fields of one line; a quoted field may hold commas, and quotes twice each.
std::vector<std::string> split_line(const std::string& line) {
    std::vector<std::string> fields(1);
    bool quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        const bool is_quote = c == '"' && quoted && i + 1 < line.size() && line[i + 1] == '"';
        if (is_quote)
            fields.back() += line[++i];
        else if (c == '"')
            quoted = !quoted;
        else if (c == ',' && !quoted)
            fields.emplace_back();
        else
            fields.back() += c;
    }
    return fields;
}

template <class Element>
std::vector<Element> read_npy(const std::string& path, const char* type) {
    const std::string bytes = read_text(path);
    if (bytes.size() < 10 || bytes.compare(0, 6, "\x93NUMPY") != 0) fail(path + " is no npy file");
    std::uint16_t header_bytes;
    std::memcpy(&header_bytes, bytes.data() + 8, 2);
    if (bytes.substr(10, header_bytes).find(type) == std::string::npos) fail(path + " is not of type " + type);
    const std::size_t start = 10u + header_bytes;
    std::vector<Element> values((bytes.size() - start) / sizeof(Element));
    std::memcpy(values.data(), bytes.data() + start, values.size() * sizeof(Element));
    return values;
}

std::uint64_t mix(std::uint64_t stream, std::uint64_t i) {
    std::uint64_t z = (stream << 32) + i + 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
}

void append(std::vector<float>& all, const std::vector<float>& more) {
    all.insert(all.end(), more.begin(), more.end());
}

} // namespace

void fail(const std::string& what) {
    std::fprintf(stderr, "golden data: %s\n", what.c_str());
    std::abort();
}

std::string read_text(const std::string& path) {
    std::ifstream file(std::string(DDIM_GOLDEN_DIR "/") + path, std::ios::binary);
    if (!file) fail("cannot open " + path);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

csv_table::csv_table(const std::string& path) {
    const std::string text = read_text(path);
    for (std::size_t start = 0; start < text.size();) {
        const std::size_t end = text.find('\n', start);
        const std::vector<std::string> fields = split_line(text.substr(start, end - start));
        if (header_.empty())
            header_ = fields;
        else
            rows_.push_back(fields);
        start = end == std::string::npos ? text.size() : end + 1;
    }
}

const std::string& csv_table::text(std::size_t row, const std::string& column) const {
    for (std::size_t i = 0; i < header_.size(); ++i)
        if (header_[i] == column) return rows_.at(row).at(i);
    fail("no column " + column);
}

double csv_table::number(std::size_t row, const std::string& column) const {
    return std::strtod(text(row, column).c_str(), nullptr);
}

int csv_table::integer(std::size_t row, const std::string& column) const {
    return static_cast<int>(std::strtol(text(row, column).c_str(), nullptr, 10));
}

csv_table read_csv(const std::string& path) { return csv_table(path); }
std::vector<float> read_floats(const std::string& path) { return read_npy<float>(path, "<f4"); }
std::vector<double> read_doubles(const std::string& path) { return read_npy<double>(path, "<f8"); }

void fingerprint::add(const float* values, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        std::uint32_t word;
        std::memcpy(&word, values + i, sizeof word);
        add(word);
    }
}

std::vector<float> gauss(std::uint32_t stream, std::size_t count) {
    std::vector<float> values(count);
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint64_t bits = mix(stream, i);
        int sum = 0;
        for (int field = 0; field < 4; ++field) sum += static_cast<int>((bits >> (16 * field)) & 0xFFFF);
        values[i] = static_cast<float>(sum - 131070) * 2.6429e-5f;
    }
    return values;
}

std::vector<float> keep(std::uint32_t stream, double p, std::size_t count) {
    std::vector<float> values(count);
    for (std::size_t i = 0; i < count; ++i)
        values[i] = static_cast<double>(mix(stream, i) >> 40) / 16777216.0 >= p ? 1.0f : 0.0f;
    return values;
}

std::vector<float> gauss_of_steps(std::uint32_t first, int steps, std::size_t count) {
    std::vector<float> all;
    for (int k = 0; k < steps; ++k) append(all, gauss(first + static_cast<std::uint32_t>(k), count));
    return all;
}

std::vector<float> keep_of_steps(std::uint32_t first, int steps, double p, std::size_t count) {
    std::vector<float> all;
    for (int k = 0; k < steps; ++k) append(all, keep(first + static_cast<std::uint32_t>(k), p, count));
    return all;
}

} // namespace golden
