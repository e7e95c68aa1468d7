// Files of raw little-endian float32.
#ifndef TRACE_FILES_HPP
#define TRACE_FILES_HPP

#include <string>
#include <vector>

#include "ddim/span.hpp"

namespace trace {

/// A file to read or to write, and the option that names it. An empty path: nothing to do.
struct named_file {
    const char* option;
    const std::string& path;
};

/// Reads exactly `count` values. False, after one line on stderr, for a file that is missing, shorter or longer.
bool read_values(const named_file& file, std::size_t count, std::vector<float>& values);

/// The same for a file that may have either of two sizes, which values.size() tells.
bool read_values(const named_file& file, std::size_t count, std::size_t other_count, std::vector<float>& values);

/// What is to be written where.
struct named_output {
    named_file file;
    ddim::span<const float> values;
};

/// Writes all or, after one line on stderr, leaves none behind.
bool write_all(const std::vector<named_output>& outputs);

} // namespace trace

#endif
