// What ddim_trace prints on stdout.
#ifndef TRACE_PRINT_HPP
#define TRACE_PRINT_HPP

#include "trace/tables.hpp"
#include "trace/trajectory.hpp"

namespace trace {

/// CSV with a header: step, timestep, and every column of a row; numbers in %.9g, which names one float32.
void print_plan(ddim::plan_view plan);

/// A buffer of DDPM.register_schedule, one value a line in %.9g.
void print_table(const tables& made, ddim::ddpm_buffer which);

/// One line: steps, timesteps, and smallest, largest and mean value of the last x.
void print_summary(const trajectory& run);

} // namespace trace

#endif
