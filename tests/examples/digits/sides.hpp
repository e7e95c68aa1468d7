// What host and device both compile.
#ifndef DDIM_EXAMPLES_DIGITS_SIDES_HPP
#define DDIM_EXAMPLES_DIGITS_SIDES_HPP

#if defined(__CUDACC__)
#define DIGITS_BOTH_SIDES __host__ __device__
#else
#define DIGITS_BOTH_SIDES
#endif

#endif
