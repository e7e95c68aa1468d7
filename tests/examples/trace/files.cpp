#include "trace/files.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "trace/refuse.hpp"

namespace trace {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "files hold the bytes of memory");

namespace {

struct stream {
    std::FILE* file;

    stream(const std::string& path, const char* mode) : file(std::fopen(path.c_str(), mode)) {}
    ~stream() { close(); }
    stream(const stream&) = delete;
    stream& operator=(const stream&) = delete;

    bool close() {
        const bool good = file == nullptr || std::fclose(file) == 0;
        file = nullptr;
        return good;
    }
};

void remove_regular(const std::string& path) {
    std::error_code ignored;
    if (std::filesystem::is_regular_file(path, ignored)) std::filesystem::remove(path, ignored);
}

bool write_values(const named_output& output) {
    stream out(output.file.path, "wb");
    if (out.file == nullptr) return false;
    const std::size_t count = output.values.size;
    const bool written = std::fwrite(output.values.data, sizeof(float), count, out.file) == count;
    if (out.close() && written) return true;
    remove_regular(output.file.path);
    return false;
}

} // namespace

bool read_values(const named_file& file, std::size_t count, std::vector<float>& values) {
    return read_values(file, count, count, values);
}

bool read_values(const named_file& file, std::size_t count, std::size_t other_count, std::vector<float>& values) {
    if (file.path.empty()) return true;
    stream in(file.path, "rb");
    if (in.file == nullptr) return refuse("%s %s: cannot open the file", file.option, file.path.c_str());
    // One value more than the largest tells a longer file. Pipes have no size to ask for.
    values.resize(std::max(count, other_count) + 1);
    const std::size_t bytes = std::fread(values.data(), 1, values.size() * sizeof(float), in.file);
    if (std::ferror(in.file) != 0) return refuse("%s %s: cannot read the file", file.option, file.path.c_str());
    if (bytes == values.size() * sizeof(float))
        return refuse("%s %s: the file holds more than %zu float32", file.option, file.path.c_str(), count);
    if (bytes != count * sizeof(float) && bytes != other_count * sizeof(float))
        return refuse("%s %s: the file holds %zu bytes instead of %zu float32", file.option, file.path.c_str(), bytes,
                      count);
    values.resize(bytes / sizeof(float));
    return true;
}

bool write_all(const std::vector<named_output>& outputs) {
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        if (outputs[i].file.path.empty() || write_values(outputs[i])) continue;
        for (std::size_t k = 0; k < i; ++k)
            if (!outputs[k].file.path.empty()) remove_regular(outputs[k].file.path);
        return refuse("%s %s: cannot write the file", outputs[i].file.option, outputs[i].file.path.c_str());
    }
    return true;
}

} // namespace trace
