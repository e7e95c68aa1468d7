#include "ddim/solvers/tcd.hpp"

namespace ddim {

plan_view fill_tcd_rows(const levels& recipe, const tcd_options& options, span<step_row> rows) noexcept {
    return detail::compute_plan<detail::tcd_solver>(recipe, options, rows);
}

} // namespace ddim
