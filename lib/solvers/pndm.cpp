#include "ddim/solvers/pndm.hpp"

namespace ddim {

plan_view fill_pndm_rows(const levels& recipe, const pndm_options& options, span<step_row> rows) noexcept {
    return detail::compute_plan<detail::pndm_solver>(recipe, options, rows);
}

} // namespace ddim
