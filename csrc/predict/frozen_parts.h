/* frozen_parts.h - what the files that open frozen models share. */
#ifndef CM_FROZEN_PARTS_H
#define CM_FROZEN_PARTS_H

#include "predict/frozen.h"

typedef struct cm_opening {
    cm_frozen *m;
    cm_ctx *cx; /* the model's */
    const cm_archive *archive;
    cm_json *doc;
    const char *what;
} cm_opening;

/* Refuses the graph. */
bool cm_opening_bad(const cm_opening *o, const char *text);

/* The member of an object, if it is of that type; else 0. */
uint32_t cm_opening_member(const cm_opening *o, uint32_t at, const char *key, cm_json_type type);

/* The array of that name; NULL if there is none. */
const cm_archive_entry *cm_opening_entry(const cm_opening *o, const char *name);

/* The integers of an array, to be freed; NULL after a refusal. */
int64_t *cm_opening_integers(const cm_opening *o, const cm_archive_entry *entry) CM_MUST_CHECK;

/* Reads the constants of the graphs. */
bool cm_opening_constants(const cm_opening *o) CM_MUST_CHECK;

/* Reads the raw ids of the items, and what is in no list. */
bool cm_opening_ids(const cm_opening *o) CM_MUST_CHECK;
/* See above. */
bool cm_opening_unlisted(const cm_opening *o) CM_MUST_CHECK;

/* Reads the programs of a part. */
bool cm_opening_part(const cm_opening *o, uint32_t at, cm_part *part) CM_MUST_CHECK;

/* What a stage gives; NULL and 0 without a program. */
const cm_port *cm_stage_outputs(const cm_stage *stage, uint32_t *n);

/* Computes what depends on the item alone. */
bool cm_opening_tables(const cm_opening *o, const cm_value *constants, cm_part *part) CM_MUST_CHECK;

#endif
