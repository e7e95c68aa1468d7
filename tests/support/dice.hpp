// Chance for tests: the same everywhere, which the standard library's distributions are not.
#ifndef DDIM_TESTS_SUPPORT_DICE_HPP
#define DDIM_TESTS_SUPPORT_DICE_HPP

#include <cstdint>
#include <random>

namespace test_support {

class dice {
  public:
    explicit dice(std::uint64_t seed) : engine_{seed} {}

    int between(int first, int last) {
        return first + static_cast<int>(engine_() % static_cast<std::uint64_t>(last - first + 1));
    }

    bool one_in(int count) { return between(1, count) == 1; }

    double real(double first, double last) {
        return first + (last - first) * static_cast<double>(engine_() >> 11) * 0x1p-53;
    }

    template <class Enum>
    Enum option(Enum first, Enum last) {
        return static_cast<Enum>(between(static_cast<int>(first), static_cast<int>(last)));
    }

  private:
    std::mt19937_64 engine_;
};

} // namespace test_support

#endif
