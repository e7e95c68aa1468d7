// How the values of ddim_trace's options are read. Each function reads the whole text or returns false.
#ifndef TRACE_VALUES_HPP
#define TRACE_VALUES_HPP

#include <climits>
#include <optional>
#include <string>
#include <vector>

#include "ddim/levels.hpp"
#include "examples/arguments.hpp"

namespace trace {

using arguments::parse_real;
using arguments::parse_seed;

inline constexpr const char* a_number = "a number";
inline constexpr const char* a_whole_number = "a whole number";
inline constexpr const char* a_file = "a file name";
inline constexpr const char* whole_numbers = "whole numbers separated by commas";

inline bool parse_int(const char* text, int& value) { return arguments::parse_int(text, INT_MIN, INT_MAX, value); }
inline bool parse_count(const char* text, int& value) { return arguments::parse_int(text, 1, INT_MAX, value); }

bool parse_int(const char* text, std::optional<int>& value);
bool parse_real(const char* text, std::optional<double>& value);
bool parse_seed(const char* text, std::optional<std::uint64_t>& value);
bool parse_real(const char* text, double low, double high, std::optional<double>& value); ///< NaN is in no range
bool parse_file(const char* text, std::string& value);

/// Separated by commas.
bool parse_list(const char* text, std::vector<int>& values);
bool parse_list(const char* text, std::vector<double>& values);

/// TIMESTEP:NEXT and so on.
bool parse_pairs(const char* text, std::vector<ddim::timestep_pair>& values);

/// TIMESTEP:SIGMA and so on.
bool parse_sigmas(const char* text, std::vector<ddim::timed_sigma>& values);

/// TIMESTEP:ALPHA:SIGMA and so on.
bool parse_levels(const char* text, std::vector<ddim::timed_level>& values);

/// ALPHA:SIGMA
bool parse_level(const char* text, ddim::timed_level& value);

} // namespace trace

#endif
