/* Version and build knobs. Readable by a C99 compiler. */
#ifndef DDIM_CONFIG_H
#define DDIM_CONFIG_H

#define DDIM_VERSION_MAJOR 0
#define DDIM_VERSION_MINOR 1
#define DDIM_VERSION_PATCH 0

/* Marks the arithmetic that host and device share: under nvcc one body serves both. */
#if defined(__CUDACC__)
#define DDIM_HOST_DEVICE __host__ __device__
#else
#define DDIM_HOST_DEVICE
#endif

#endif
