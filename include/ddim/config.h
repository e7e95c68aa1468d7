/* Version and build knobs. Readable by a C99 compiler. */
#ifndef DDIM_CONFIG_H
#define DDIM_CONFIG_H

#define DDIM_VERSION_MAJOR 0
#define DDIM_VERSION_MINOR 1
#define DDIM_VERSION_PATCH 0

/* The archive and a caller may both have a copy of an inline function. A linker keeps one, perhaps the caller's,
   which was compiled with other flags. The archive must never run that: what is short is always inlined, and what
   makes the tables has another name in the archive. */
#define DDIM_INLINE __attribute__((always_inline)) inline

/* Arithmetic that host and device share: under nvcc one body serves both. */
#if defined(__CUDACC__)
#define DDIM_SHARED __host__ __device__ DDIM_INLINE
#else
#define DDIM_SHARED DDIM_INLINE
#endif

/* The namespace of what makes the tables. In the archive it and `detail` are one for whoever looks up a name. */
#if defined(DDIM_ARCHIVE)
#define DDIM_DETAIL detail_of_archive
namespace ddim {
namespace detail {}
namespace DDIM_DETAIL {
using namespace detail;
}
namespace detail {
using namespace DDIM_DETAIL;
}
} // namespace ddim
#else
#define DDIM_DETAIL detail
#endif

/* Lets clang warn of a view that outlives what it shows. */
#if defined(__clang__)
#define DDIM_VIEW [[gsl::Pointer]]
#define DDIM_LIFETIMEBOUND [[clang::lifetimebound]]
#else
#define DDIM_VIEW
#define DDIM_LIFETIMEBOUND
#endif

#endif
