/* api.h - what the files of the interface for hosts share. */
#ifndef CM_API_H
#define CM_API_H

#include "predict/context.h"
#include <cmml.h>
#include <stdatomic.h>

struct cmml_predictor {
    atomic_flag busy; /* while a call runs */
    cm_predictor *own;
};

struct cmml_context {
    cmml_predictor *predictor;
    cm_context *own;
};

/* What hosts are told of an error of the core. */
cmml_status cm_api_status(cm_status code);

/* Reads a struct that begins with its size, of which this version knows `known` bytes and the first
 * one had `least`. What an older host does not have is 0; a newer host may have more fields, if
 * they are 0: what they ask for is not known here. False of others. */
bool cm_api_read(void *to, size_t known, size_t least, const void *from) CM_MUST_CHECK;

/* Why it was not read. */
#define CM_API_UNREAD "its size must be that of the struct, and fields of later versions must be 0"

/* Frees a predictor that was closed, unless a context still has it. */
void cm_api_drop(cmml_predictor *predictor);

#endif
