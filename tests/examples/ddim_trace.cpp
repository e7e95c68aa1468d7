// Runs one trajectory from the shell, so that another program's can be compared with it number by number.
//
//     command line -> options                                 trace/options.cpp, trace/rules*.cpp, trace/checks.cpp
//             -> betas -> schedule -> levels -> plan          trace/tables.cpp
//             -> inputs -> arena, model, hooks -> sampler     trace/trajectory.cpp, trace/{host,cuda}_run.cpp
//             -> files, tables, the plan                      trace/files.cpp, trace/print.cpp
#include <cstdio>
#include <cstdlib>
#include <new>

#include "trace/backends.hpp"
#include "trace/help.hpp"
#include "trace/options.hpp"
#include "trace/print.hpp"
#include "trace/refuse.hpp"
#include "trace/tables.hpp"
#include "trace/trajectory.hpp"

namespace {

trace::tables tables; // too large for the stack

[[noreturn]] void end_without_memory() {
    trace::refuse("not enough memory");
    std::exit(2);
}

/// Reads, runs and writes.
bool make(trace::trajectory& run, trace::run_function backend) {
    if (!trace::read_inputs(run)) return false;
    const trace::outcome end = backend(run);
    if (end.state != ddim::status::ok) {
        const char* message = ddim::message(end.state);
        return end.detail == nullptr ? trace::refuse("%s", message) : trace::refuse("%s: %s", message, end.detail);
    }
    return trace::write_outputs(run);
}

bool follow(const trace::options& asked) {
    const trace::run_function backend = trace::find_backend(asked.backend);
    if (backend == nullptr) return trace::refuse("--backend cuda: this build has no CUDA");
    if (!trace::fill_betas(asked, tables)) return false;
    if ((asked.runs() || asked.print_plan) && !trace::fill_plan(asked, tables)) return false;

    // Standard output comes last: where anything fails, it stays empty.
    trace::trajectory run(asked, tables.plan);
    if (asked.runs() && !make(run, backend)) return false;
    if (asked.print_plan) trace::print_plan(tables.plan);
    if (asked.print_table) trace::print_table(tables, *asked.print_table);
    if (!asked.prints() && !asked.writes()) trace::print_summary(run);
    return std::fflush(stdout) == 0 || trace::refuse("cannot write to the standard output");
}

} // namespace

int main(int count, char** arguments) {
    std::set_new_handler(&end_without_memory);
    trace::options asked;
    if (!trace::parse_options(count, arguments, asked)) return 2;
    if (asked.help) {
        trace::print_help();
        return 0;
    }
    return follow(asked) ? 0 : 2;
}
