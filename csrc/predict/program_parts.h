/* program_parts.h - what the files that read programs share. */
#ifndef CM_PROGRAM_PARTS_H
#define CM_PROGRAM_PARTS_H

#include "predict/call_plan.h"

typedef struct cm_reader {
    cm_ctx *cx;
    const cm_json *doc;
    cm_program *p;
    const cm_constants *constants;
    const char *what;
    uint32_t node; /* the one that is read, from 1 */
    char name[CM_NAME_BYTES];
} cm_reader;

/* Refuses the node that is read. */
bool cm_read_bad(const cm_reader *r, const char *text);

/* Whether the value at `at` is of that type. */
bool cm_read_is(const cm_reader *r, uint32_t at, cm_json_type type);

/* The whole number at `at`, if it is one from 0 and below `most`. */
bool cm_read_small(const cm_reader *r, uint32_t at, int64_t most, int32_t *out);

/* The member of an object; 0 if it is no object, or has no such. */
uint32_t cm_read_member(const cm_reader *r, uint32_t at, const char *key);

/* The place and kind of the value that an argument is, one of the first n or a constant; false
 * where it is none. */
bool cm_read_value_at(const cm_reader *r, uint32_t at, uint32_t n_values, int32_t *place,
                      cm_kind *kind);

/* Reads the arguments of a call, as its descriptor declares them. Refused where they are not such.
 */
bool cm_read_arguments(const cm_reader *r, cm_call_plan *c, uint32_t list) CM_MUST_CHECK;

#endif
