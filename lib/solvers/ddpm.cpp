#include "ddim/solvers/ddpm.hpp"

namespace ddim {

plan_view fill_ddpm_rows(const levels& recipe, const ddpm_options& options, span<step_row> rows) noexcept {
    return detail::compute_plan<detail::ddpm_solver>(recipe, options, rows);
}

} // namespace ddim
