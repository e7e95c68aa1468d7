// Scenarios with options at random, together as no sweep has them.
#ifndef DDIM_TESTS_SUPPORT_RANDOM_SCENARIO_HPP
#define DDIM_TESTS_SUPPORT_RANDOM_SCENARIO_HPP

#include <map>
#include <string>

#include "support/dice.hpp"
#include "support/scenario.hpp"

namespace test_support {

/// A valid scenario.
scenario draw_scenario(dice& die);

/// How many scenarios have had each option, those that none has had too.
class option_counts {
  public:
    void add(const scenario& what);

    /// The options that fewer than `least` have had, in words.
    std::string rarer_than(int least) const;

  private:
    std::map<std::string, int> counts_;
};

} // namespace test_support

#endif
