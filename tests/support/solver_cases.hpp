// The golden runs of diffusers' schedulers (tests/golden/solvers), and the JSON that tells them.
#ifndef DDIM_TESTS_SUPPORT_SOLVER_CASES_HPP
#define DDIM_TESTS_SUPPORT_SOLVER_CASES_HPP

#include <map>
#include <string>
#include <vector>

namespace golden {

/// A JSON object of numbers, strings, booleans and lists of numbers. A null is as if it were not there.
class json_object {
  public:
    json_object() = default;
    /// Text that is no such object ends the program.
    explicit json_object(const std::string& text);

    bool has(const std::string& key) const { return values_.count(key) != 0; }

    // The value of a key, or what stands for a missing one. A value of another kind ends the program.
    bool flag(const std::string& key, bool missing) const;
    double number(const std::string& key, double missing) const;
    int integer(const std::string& key, int missing) const;
    std::string text(const std::string& key, const std::string& missing) const;
    std::vector<double> list(const std::string& key) const; ///< empty where it is missing

  private:
    /// As it stands in the text: a string with its first quote, a list with its brackets.
    std::map<std::string, std::string> values_;
};

/// One line of solvers/cases.csv, its config and its result.
struct solver_case {
    std::string name;
    std::string scheduler; ///< class name
    json_object config;
    json_object step;         ///< arguments of step()
    json_object set;          ///< arguments of set_timesteps()
    int steps = 0;            ///< num_inference_steps
    int calls = 0;            ///< model calls
    std::string noise_calls;  ///< '1' for each call whose step drew noise
    double start_scale = 1.0; ///< their init_noise_sigma; of Euler and Heun not in coordinates of ours
    double max_abs = 0.0;
    double err64 = 0.0;            ///< theirs in float32 against theirs in double
    std::vector<double> timesteps; ///< what the model is told, call by call

    bool draws() const { return noise_calls.find('1') != std::string::npos; }

    /// How far a right result may be off: rounding in another order, and their own rounding.
    double tolerance() const { return 2e-5 * max_abs + 8.0 * err64; }

    /// [4, 3, 8, 8], as all of them are.
    std::vector<float> final() const;
    static constexpr std::size_t values = 4 * 3 * 8 * 8;
};

std::vector<solver_case> read_solver_cases();

} // namespace golden

#endif
