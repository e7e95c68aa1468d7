// A user's program of a plan that CMake made of a config. Fails unless its first step is told the timestep in
// argv[1], and, where that is robot.json's, has the coefficients that diffusers' DDIMScheduler has there.
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "robot_plan.hpp"

static_assert(robot_plan::prediction == ddim::prediction::epsilon && robot_plan::clip == 1.0);
static_assert(robot_plan::start_scale == 1.0f && robot_plan::plan.state == ddim::status::ok);

namespace {

bool is_near(float value, double expected) {
    return std::abs(static_cast<double>(value) - expected) < 1e-5 * std::abs(expected); // their table is in float
}

} // namespace

int main(int count, char** arguments) {
    const ddim::plan_view plan = robot_plan::plan; // as the sampler takes it
    const ddim::step_row& row = plan.rows[0];
    const int timestep = count == 2 ? std::atoi(arguments[1]) : -1;
    bool is_right = row.timestep == static_cast<float>(timestep);
    if (timestep == 90)
        is_right = is_right && plan.steps == 10 && is_near(row.p_x, 7.1530146656) &&
                   is_near(row.p_o, -7.0827691481) && is_near(row.u_0, 0.2917982114) &&
                   is_near(row.u_o, 0.9564799025);
    if (!is_right)
        std::fprintf(stderr, "%d steps, the first told %g\n", plan.steps, static_cast<double>(row.timestep));
    return is_right ? 0 : 1;
}
