// Values of command-line options. Each function reads the whole text or returns false.
#ifndef EXAMPLES_ARGUMENTS_HPP
#define EXAMPLES_ARGUMENTS_HPP

#include <cstdint>

namespace arguments {

/// A number within [low, high]; NaN is in no range.
bool parse_real(const char* text, double low, double high, double& value) noexcept;

/// Any number, NaN and infinity included.
bool parse_real(const char* text, double& value) noexcept;
bool parse_real(const char* text, float& value) noexcept;

/// A whole number within [low, high], decimal.
bool parse_int(const char* text, int low, int high, int& value) noexcept;

/// A whole number from 0 to 2^64 - 1, decimal.
bool parse_seed(const char* text, std::uint64_t& value) noexcept;

} // namespace arguments

#endif
