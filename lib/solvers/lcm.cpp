#include "ddim/solvers/lcm.hpp"

namespace ddim {

plan_view fill_lcm_rows(const levels& recipe, const lcm_options& options, span<step_row> rows) noexcept {
    return detail::compute_plan<detail::lcm_solver>(recipe, options, rows);
}

} // namespace ddim
