#include "ddim/solvers/heun.hpp"

namespace ddim {

plan_view fill_heun_rows(const levels& recipe, const heun_options& options, span<step_row> rows) noexcept {
    return detail::compute_plan<detail::heun_solver>(recipe, options, rows);
}

} // namespace ddim
