// An arena in a __device__ array.
#ifndef DDIM_TESTS_DEVICE_DEVICE_ARENA_HPP
#define DDIM_TESTS_DEVICE_DEVICE_ARENA_HPP

#include "ddim/cuda.hpp"

namespace device_tests {

inline constexpr auto array_schedule = ddim::scaled_linear_schedule<1000>(0.00085, 0.012);
inline constexpr auto array_plan = ddim::ddim_plan<5>(array_schedule, {1.0});

/// For array_plan on [2, 37] under batched guidance. Null where CUDA does not find it.
ddim::span<std::byte> array_arena() noexcept;

} // namespace device_tests

#endif
