// Readers of tests/golden and its deterministic inputs (tests/golden/FORMAT.md).
#ifndef DDIM_TESTS_SUPPORT_GOLDEN_HPP
#define DDIM_TESTS_SUPPORT_GOLDEN_HPP

#include <cstdint>
#include <string>
#include <vector>

#include "support/analytic_model.hpp"

namespace golden {

/// A CSV file with a header line.
class csv_table {
  public:
    explicit csv_table(const std::string& path);

    std::size_t size() const { return rows_.size(); }
    const std::string& text(std::size_t row, const std::string& column) const;
    double number(std::size_t row, const std::string& column) const; ///< decimal or hexadecimal
    int integer(std::size_t row, const std::string& column) const;

  private:
    std::vector<std::string> header_;
    std::vector<std::vector<std::string>> rows_;
};

/// Ends the program, after one line on stderr: the data are not what they should be.
[[noreturn]] void fail(const std::string& what);

/// Paths below are relative to tests/golden. A file that is missing or of another type ends the program.
std::string read_text(const std::string& path);
csv_table read_csv(const std::string& path);
std::vector<float> read_floats(const std::string& path);
std::vector<double> read_doubles(const std::string& path);

/// FNV-1a 64 over 32-bit words.
class fingerprint {
  public:
    void add(std::uint32_t word) { hash_ = (hash_ ^ word) * 0x100000001B3; }
    void add(const float* values, std::size_t count);
    std::uint64_t value() const { return hash_; }

  private:
    std::uint64_t hash_ = 0xCBF29CE484222325;
};

/// "normal" values of a stream: what stands for noise.
std::vector<float> gauss(std::uint32_t stream, std::size_t count);

/// The entries that noise dropout with probability p keeps: 1 or 0.
std::vector<float> keep(std::uint32_t stream, double p, std::size_t count);

/// gauss or keep of streams first .. first + steps - 1, one after the other.
std::vector<float> gauss_of_steps(std::uint32_t first, int steps, std::size_t count);
std::vector<float> keep_of_steps(std::uint32_t first, int steps, double p, std::size_t count);

} // namespace golden

#endif
