// Runs ddim_trace, and other programs, as a shell would, for its tests.
#ifndef TRACE_PROGRAM_HPP
#define TRACE_PROGRAM_HPP

#include <string>
#include <vector>

namespace trace_test {

/// What a finished program leaves.
struct outcome {
    int code = -1; ///< exit code; -1: ended by a signal, or never started
    std::string out;
    std::string err;
};

/// An empty folder in the build tree, for the files of one test; gone with the object.
class folder {
  public:
    explicit folder(const std::string& name);
    ~folder();
    folder(const folder&) = delete;
    folder& operator=(const folder&) = delete;

    std::string path(const std::string& file) const { return root_ + "/files/" + file; }

    /// Writes raw float32, of them the first `bytes` bytes, and returns the path.
    std::string write(const std::string& file, const std::vector<float>& values, std::size_t bytes = all) const;
    std::vector<float> read(const std::string& file) const;

    /// Files in the folder.
    std::size_t count() const;

    /// Runs ddim_trace to its end.
    outcome run(const std::vector<std::string>& arguments) const;

    /// Runs a program, which the first word names, to its end.
    outcome start(const std::vector<std::string>& command) const;

  private:
    static constexpr std::size_t all = static_cast<std::size_t>(-1);

    std::string root_;
};

/// The words of a line, cut at spaces.
std::vector<std::string> words_of(const std::string& line);

} // namespace trace_test

#endif
