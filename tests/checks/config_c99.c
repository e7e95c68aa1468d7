/* C callers read the version and the knobs too. */
#include "ddim/config.h"

DDIM_SHARED int version(void) { return DDIM_VERSION_MAJOR * 10000 + DDIM_VERSION_MINOR * 100 + DDIM_VERSION_PATCH; }
