#include "trace/program.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

extern char** environ;

namespace trace_test {

namespace {

std::string read_bytes(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// Starts the command with its output in two files, and waits for it.
int spawn(std::vector<std::string> command, const std::string& out, const std::string& err) {
    std::vector<char*> arguments;
    for (std::string& word : command) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    constexpr int mode = O_WRONLY | O_CREAT | O_TRUNC;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), mode, 0600);
    posix_spawn_file_actions_addopen(&actions, 2, err.c_str(), mode, 0600);
    pid_t process = 0;
    const int failed = posix_spawn(&process, arguments[0], &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    int state = 0;
    if (failed != 0 || waitpid(process, &state, 0) != process) return -1;
    return WIFEXITED(state) ? WEXITSTATUS(state) : -1;
}

} // namespace

folder::folder(const std::string& name) : root_(DDIM_TRACE_TEST_FOLDER "/" + name + "." + std::to_string(getpid())) {
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_ + "/files");
}

folder::~folder() {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
}

std::string folder::write(const std::string& file, const std::vector<float>& values, std::size_t bytes) const {
    std::ofstream out(path(file), std::ios::binary);
    out.write(reinterpret_cast<const char*>(values.data()),
              static_cast<std::streamsize>(std::min(bytes, values.size() * sizeof(float))));
    return path(file);
}

std::vector<float> folder::read(const std::string& file) const {
    const std::string bytes = read_bytes(path(file));
    std::vector<float> values(bytes.size() / sizeof(float));
    bytes.copy(reinterpret_cast<char*>(values.data()), values.size() * sizeof(float));
    return values;
}

std::size_t folder::count() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(root_ + "/files"), std::filesystem::directory_iterator()));
}

outcome folder::run(const std::vector<std::string>& arguments) const {
    std::vector<std::string> command = words_of(DDIM_TRACE_EMULATOR); // empty but in a cross build
    command.emplace_back(DDIM_TRACE_PROGRAM);
    command.insert(command.end(), arguments.begin(), arguments.end());
    return start(command);
}

outcome folder::start(const std::vector<std::string>& command) const {
    outcome result;
    result.code = spawn(command, root_ + "/stdout", root_ + "/stderr");
    result.out = read_bytes(root_ + "/stdout");
    result.err = read_bytes(root_ + "/stderr");
    return result;
}

std::vector<std::string> words_of(const std::string& line) {
    std::istringstream stream(line);
    return {std::istream_iterator<std::string>(stream), std::istream_iterator<std::string>()};
}

} // namespace trace_test
