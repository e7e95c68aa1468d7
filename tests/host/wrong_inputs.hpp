// What a wrong input is, and what is checked of each. The tables of them are those of the bad_*_test.cpp.
#ifndef DDIM_TESTS_HOST_WRONG_INPUTS_HPP
#define DDIM_TESTS_HOST_WRONG_INPUTS_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "support/config.hpp"
#include "support/scripted_backend.hpp"

namespace test_support {

inline float spare_values[64];

/// A config that init refuses, made of a good one of 4 steps on [2, 5].
struct wrong_config {
    std::string what;
    ddim::status expected;
    void (*spoil)(ddim::sampler_config&);
};

/// A buffer that such a config may lend, and how many values are needed of it.
struct lent_buffer {
    std::string what;
    std::size_t size;
    ddim::status misaligned, too_small;
    void (*lend)(ddim::sampler_config&, ddim::span<const float>);
};

/// An x that begin refuses, of a sampler of such a good config.
struct wrong_state {
    std::string what;
    ddim::status expected;
    ddim::span<float> (*spoil)(scripted_run&);
};

/// Any other wrong use: returns what the library said.
struct wrong_use {
    std::string what;
    ddim::status expected;
    ddim::status (*use)();
};

struct wrong_inputs {
    std::vector<wrong_config> configs;
    std::vector<lent_buffer> buffers;
    std::vector<wrong_state> states;
    std::vector<wrong_use> uses;
};

// The tables of each bad_*_test.cpp.
wrong_inputs wrong_plan_inputs();
wrong_inputs wrong_config_inputs();
wrong_inputs wrong_call_inputs();
wrong_inputs wrong_chunk_inputs();
wrong_inputs silent_mistakes(); ///< of mistakes_test.cpp

template <class Wrong, std::size_t Count>
std::vector<Wrong> as_list(const Wrong (&table)[Count]) {
    return {table, table + Count};
}

/// x' = u_x x + u_o o: what changes x0 changes nothing.
inline constexpr const auto& x0_free_plan = flow_plan<4>;

/// With two slots of history, which every row but the first reads.
inline constexpr auto two_slot_plan = ddim::unipc_plan<4>(trailing_levels<4>, {2});

template <class Value>
Value* off_by_one(Value* data) {
    return reinterpret_cast<Value*>(reinterpret_cast<std::uintptr_t>(data) + 1);
}

using call_on = ddim::status (*)(scripted_run&);

// What the library says to a call at a time of a run.
ddim::status before_init(call_on call);
ddim::status before_begin(call_on call);
ddim::status within_run(call_on call);
ddim::status after_run(call_on call);
ddim::status after_failure(call_on call);
ddim::status after_giving_up(call_on call);

/// Each has its own status, nothing is written, nothing is called, and the sampler can be used again.
void check_configs(const std::vector<wrong_config>& configs);

/// Each is refused misaligned, short, empty, inside the arena, and by begin where it is part of x.
void check_buffers(const std::vector<lent_buffer>& buffers);

/// Each is refused as a config is, and the next run is good.
void check_states(const std::vector<wrong_state>& states);

void check_uses(const std::vector<wrong_use>& uses);

/// What the library says to all of them.
std::vector<ddim::status> statuses_of(const wrong_inputs& inputs);

} // namespace test_support

#endif
