#include "ddim/solvers/unipc.hpp"

namespace ddim {

plan_view fill_unipc_rows(const levels& recipe, const unipc_options& options, span<step_row> rows) noexcept {
    return detail::compute_plan<detail::unipc_solver>(recipe, options, rows);
}

} // namespace ddim
