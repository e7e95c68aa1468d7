// Where digits can be made.
#ifndef DIGITS_BACKENDS_HPP
#define DIGITS_BACKENDS_HPP

#include "request.hpp"

namespace digits {

#ifdef DIGITS_WITH_CUDA
inline constexpr bool has_cuda = true;
#else
inline constexpr bool has_cuda = false;
#endif

outcome run_on_host(const request& order, report& result) noexcept;

/// Only where has_cuda. State backend_unavailable: there is no GPU that it could use.
outcome run_on_cuda(const request& order, report& result) noexcept;

} // namespace digits

#endif
