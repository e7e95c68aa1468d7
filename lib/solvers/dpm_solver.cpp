#include "ddim/solvers/dpm_solver.hpp"

namespace ddim {

plan_view fill_dpm_solver_rows(const levels& recipe, const dpm_solver_options& options,
                               span<step_row> rows) noexcept {
    return detail::compute_plan<detail::dpm_solver>(recipe, options, rows);
}

} // namespace ddim
