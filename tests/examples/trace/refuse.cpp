#include "trace/refuse.hpp"

#include <cstdarg>
#include <cstdio>

namespace trace {

bool refuse(const char* format, ...) noexcept {
    char text[512];
    std::va_list values;
    va_start(values, format);
    std::vsnprintf(text, sizeof text, format, values);
    va_end(values);
    for (char* c = text; *c != '\0'; ++c)
        if (*c == '\n' || *c == '\r') *c = '?';
    std::fprintf(stderr, "ddim_trace: %s\n", text);
    return false;
}

} // namespace trace
