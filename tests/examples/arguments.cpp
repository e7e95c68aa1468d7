#include "examples/arguments.hpp"

#include <cerrno>
#include <cstdlib>

namespace arguments {

bool parse_real(const char* text, double& value) noexcept {
    char* end = nullptr;
    value = std::strtod(text, &end);
    return end != text && *end == '\0';
}

bool parse_real(const char* text, float& value) noexcept {
    char* end = nullptr;
    value = std::strtof(text, &end);
    return end != text && *end == '\0';
}

bool parse_real(const char* text, double low, double high, double& value) noexcept {
    return parse_real(text, value) && value >= low && value <= high;
}

bool parse_int(const char* text, int low, int high, int& value) noexcept {
    char* end = nullptr;
    errno = 0;
    const long parsed = std::strtol(text, &end, 10);
    value = static_cast<int>(parsed);
    return errno == 0 && end != text && *end == '\0' && parsed >= low && parsed <= high;
}

bool parse_seed(const char* text, std::uint64_t& value) noexcept {
    char* end = nullptr;
    errno = 0;
    value = std::strtoull(text, &end, 10);
    const bool is_number = text[0] >= '0' && text[0] <= '9'; // strtoull takes a minus sign
    return errno == 0 && is_number && *end == '\0';
}

} // namespace arguments
