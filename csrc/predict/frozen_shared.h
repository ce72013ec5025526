/* frozen_shared.h - frozen models by the file that they are of, shared within the process. */
#ifndef CM_FROZEN_SHARED_H
#define CM_FROZEN_SHARED_H

#include "predict/frozen.h"

/* The model of a file: one that is open already, with a holder more, unless the file was changed or
 * replaced since; else as cm_frozen_open. Any thread may call it. */
cm_frozen *cm_frozen_share(cm_ctx *cx, const char *path) CM_MUST_CHECK;

#endif
