#include "ddim/solvers/ddim.hpp"

namespace ddim {

plan_view fill_ddim_rows(const levels& recipe, const ddim_options& options, span<step_row> rows) noexcept {
    return detail::compute_plan<detail::ddim_solver>(recipe, options, rows);
}

plan_view fill_ddim_inverse_rows(const levels& recipe, const ddim_options& options, span<step_row> rows) noexcept {
    return detail::compute_plan<detail::ddim_solver, true>(recipe, options, rows);
}

} // namespace ddim
