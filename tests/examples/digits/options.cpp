#include "options.hpp"

#include <cstdio>
#include <cstring>

#include "examples/arguments.hpp"

namespace digits {

namespace {

using arguments::parse_int;
using arguments::parse_real;
using arguments::parse_seed;

bool refuse(const char* option, const char* value, const char* expected) noexcept {
    std::fprintf(stderr, "ddim_digits: %s %s: expected %s\n", option, value, expected);
    return false;
}

bool parse_digit(const char* text, options& result) noexcept {
    if (std::strcmp(text, "all") == 0) {
        result.first_class = 0;
        result.class_count = 10;
        return true;
    }
    result.class_count = 1;
    return parse_int(text, 0, 9, result.first_class);
}

bool parse_backend(const char* text, options& result) noexcept {
    constexpr struct {
        const char* name;
        backend_kind kind;
    } names[] = {{"auto", backend_kind::automatic}, {"host", backend_kind::host}, {"cuda", backend_kind::cuda}};
    for (const auto& each : names) {
        if (std::strcmp(text, each.name) != 0) continue;
        result.backend = each.kind;
        return true;
    }
    return false;
}

bool parse_option(const char* name, const char* value, options& result) noexcept {
    if (std::strcmp(name, "--digit") == 0) return parse_digit(value, result) || refuse(name, value, "0 to 9, or all");
    if (std::strcmp(name, "--count") == 0)
        return parse_int(value, 1, most_per_class, result.count) || refuse(name, value, "a number from 1 to 1000");
    if (std::strcmp(name, "--steps") == 0)
        return parse_int(value, 1, 1000, result.steps) || refuse(name, value, "a number from 1 to 1000");
    if (std::strcmp(name, "--eta") == 0)
        return parse_real(value, 0.0, 1.0, result.eta) || refuse(name, value, "a number from 0 to 1");
    if (std::strcmp(name, "--seed") == 0)
        return parse_seed(value, result.seed) || refuse(name, value, "a number from 0 to 2^64 - 1");
    if (std::strcmp(name, "--guidance") == 0) {
        double scale = 0.0;
        if (!parse_real(value, -100.0, 100.0, scale)) return refuse(name, value, "a number from -100 to 100");
        result.guidance = static_cast<float>(scale);
        return true;
    }
    if (std::strcmp(name, "--backend") == 0)
        return parse_backend(value, result) || refuse(name, value, "host, cuda or auto");
    if (std::strcmp(name, "--out") == 0) {
        result.out = value;
        return value[0] != '\0' || refuse(name, value, "a file name");
    }
    std::fprintf(stderr, "ddim_digits: unknown option %s: see --help\n", name);
    return false;
}

} // namespace

bool parse_options(int count, char** arguments, options& result) noexcept {
    for (int i = 1; i < count; i += 2) {
        if (std::strcmp(arguments[i], "--help") == 0) {
            result.help = true;
            return true;
        }
        const char* value = i + 1 < count ? arguments[i + 1] : "";
        if (!parse_option(arguments[i], value, result)) return false;
    }
    return true;
}

} // namespace digits
