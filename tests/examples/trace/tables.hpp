// What a trajectory follows: the betas, the schedule, the timesteps, the plan.
#ifndef TRACE_TABLES_HPP
#define TRACE_TABLES_HPP

#include "ddim/plan.hpp"
#include "trace/options.hpp"

namespace trace {

inline constexpr int most_train_steps = 10000;

/// Filled at run time, because everything is an option; where nothing is, each table is a constexpr constant.
struct tables {
    ddim::beta_table<most_train_steps> betas;
    ddim::schedule<most_train_steps> schedule;
    ddim::timesteps<most_train_steps> list;
    ddim::step_row rows[2 * most_train_steps]; ///< Heun has two of a step
    ddim::plan_view plan;                      ///< of the rows
};

/// False, after one line on stderr, where the library refuses the options.
bool fill_betas(const options& asked, tables& result);

/// The rest, from the betas. The same.
bool fill_plan(const options& asked, tables& result);

} // namespace trace

#endif
