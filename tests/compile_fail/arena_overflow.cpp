// An arena for a shape that no address space holds.
// expected-error: size .18446744073709551615. of array|array is too large
#include "ddim/arena.hpp"
#include "ddim/solvers/ddim.hpp"

#ifdef MISUSE
constexpr ddim::shape dims{std::int64_t{1} << 40, std::int64_t{1} << 34};
#else
constexpr ddim::shape dims{1, 16};
#endif

constexpr auto schedule = ddim::linear_schedule<10>(0.1, 0.2);
constexpr auto plan = ddim::ddim_plan<5>(schedule);
alignas(ddim::arena_alignment) std::byte arena[ddim::arena_bytes(plan, dims)];
