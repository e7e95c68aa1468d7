// Every solver. Programs that count their compiler's work include those that they use.
#ifndef DDIM_SOLVERS_HPP
#define DDIM_SOLVERS_HPP

#include "ddim/solvers/ddim.hpp"
#include "ddim/solvers/ddpm.hpp"
#include "ddim/solvers/dpm_solver.hpp"
#include "ddim/solvers/edm.hpp"
#include "ddim/solvers/heun.hpp"
#include "ddim/solvers/lcm.hpp"
#include "ddim/solvers/pndm.hpp"
#include "ddim/solvers/tcd.hpp"
#include "ddim/solvers/unipc.hpp"

#endif
