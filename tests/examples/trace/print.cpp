#include "trace/print.hpp"

#include <algorithm>
#include <cstdio>

namespace trace {

namespace {

void print(float value) { std::printf("%.9g", static_cast<double>(value)); }

void print_kept(ddim::kept what) {
    constexpr const char* names[] = {"nothing", "output", "x0"};
    std::fputs(names[static_cast<int>(what)], stdout);
}

struct column {
    const char* name;
    void (*show)(const ddim::step_row& row);
};

constexpr column columns[] = {
    {"timestep", [](const ddim::step_row& row) { print(row.timestep); }},
    {"p_x", [](const ddim::step_row& row) { print(row.p_x); }},
    {"p_o", [](const ddim::step_row& row) { print(row.p_o); }},
    {"clip", [](const ddim::step_row& row) { print(row.clip); }},
    {"u_x", [](const ddim::step_row& row) { print(row.u_x); }},
    {"u_o", [](const ddim::step_row& row) { print(row.u_o); }},
    {"u_0", [](const ddim::step_row& row) { print(row.u_0); }},
    {"u_h0", [](const ddim::step_row& row) { print(row.u_h[0]); }},
    {"u_h1", [](const ddim::step_row& row) { print(row.u_h[1]); }},
    {"u_h2", [](const ddim::step_row& row) { print(row.u_h[2]); }},
    {"u_n", [](const ddim::step_row& row) { print(row.u_n); }},
    {"keeps", [](const ddim::step_row& row) { print_kept(row.keeps); }},
    {"slot", [](const ddim::step_row& row) { std::printf("%d", static_cast<int>(row.slot)); }},
    {"from_alpha", [](const ddim::step_row& row) { print(row.from.alpha); }},
    {"from_sigma", [](const ddim::step_row& row) { print(row.from.sigma); }},
    {"to_alpha", [](const ddim::step_row& row) { print(row.to.alpha); }},
    {"to_sigma", [](const ddim::step_row& row) { print(row.to.sigma); }},
};
static_assert(sizeof columns / sizeof columns[0] == sizeof(ddim::step_row) / sizeof(float), "every column");

} // namespace

void print_plan(ddim::plan_view plan) {
    std::fputs("step", stdout);
    for (const column& each : columns) std::printf(",%s", each.name);
    for (int step = 0; step < plan.steps; ++step) {
        std::printf("\n%d", step);
        for (const column& each : columns) {
            std::fputs(",", stdout);
            each.show(plan.rows[step]);
        }
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
