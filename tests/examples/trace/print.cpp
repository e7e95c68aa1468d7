#include "trace/print.hpp"

#include <algorithm>
#include <cstdio>

namespace trace {

namespace {

struct column {
    const char* name;
    float (*value)(const ddim::step_row& row);
};

constexpr column columns[] = {
    {"timestep", [](const ddim::step_row& row) { return row.timestep; }},
    {"m_x", [](const ddim::step_row& row) { return row.m_x; }},
    {"p_x", [](const ddim::step_row& row) { return row.p_x; }},
    {"p_o", [](const ddim::step_row& row) { return row.p_o; }},
    {"clip", [](const ddim::step_row& row) { return row.clip; }},
    {"u_x", [](const ddim::step_row& row) { return row.u_x; }},
    {"u_o", [](const ddim::step_row& row) { return row.u_o; }},
    {"u_0", [](const ddim::step_row& row) { return row.u_0; }},
    {"u_n", [](const ddim::step_row& row) { return row.u_n; }},
    {"from_x0", [](const ddim::step_row& row) { return row.from.x0; }},
    {"from_noise", [](const ddim::step_row& row) { return row.from.noise; }},
    {"to_x0", [](const ddim::step_row& row) { return row.to.x0; }},
    {"to_noise", [](const ddim::step_row& row) { return row.to.noise; }},
};
static_assert(sizeof columns / sizeof columns[0] == sizeof(ddim::step_row) / sizeof(float), "every coefficient");

} // namespace

void print_plan(ddim::plan_view plan) {
    std::fputs("step", stdout);
    for (const column& each : columns) std::printf(",%s", each.name);
    for (int step = 0; step < plan.steps; ++step) {
        std::printf("\n%d", step);
        for (const column& each : columns) std::printf(",%.9g", static_cast<double>(each.value(plan.rows[step])));
    }
    std::fputs("\n", stdout);
}

void print_table(const tables& made, ddim::ddpm_buffer which) {
    const auto table = ddim::ddpm_table(made.betas, which);
    for (int t = 0; t < table.train_steps; ++t) std::printf("%.9g\n", static_cast<double>(table.values[t]));
}

void print_summary(const trajectory& run) {
    const auto [smallest, largest] = std::minmax_element(run.x.begin(), run.x.end());
    double sum = 0.0;
    for (const float value : run.x) sum += static_cast<double>(value);
    const int steps = run.plan.steps;
    std::printf("%d steps, timesteps %g .. %g; x from %.9g to %.9g, mean %.9g\n", steps,
                static_cast<double>(run.plan.rows[0].timestep),
                static_cast<double>(run.plan.rows[steps - 1].timestep), static_cast<double>(*smallest),
                static_cast<double>(*largest), sum / static_cast<double>(run.x.size()));
}

} // namespace trace
