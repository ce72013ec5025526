/* frozen.h - a frozen model: graphs, weights and catalogue of a model file, read once and shared by
 * all that predict with it.
 *
 * Nothing of it changes once it is open, but for the number of its holders, which is atomic:
 * threads share one without locks. */
#ifndef CM_FROZEN_H
#define CM_FROZEN_H

#include "io/safetensors.h"
#include "predict/program.h"

/* Where what a program reads comes from. */
typedef enum cm_source {
    CM_FROM_SUPPORT_ITEMS,
    CM_FROM_SUPPORT_LABELS,
    CM_FROM_SUPPORT_SEGMENTS,
    CM_FROM_ITEMS,    /* the items that are scored, */
    CM_FROM_SEGMENTS, /* all of one task */
    CM_FROM_STATE,    /* output `index` of adapt */
    CM_FROM_SUMS,     /* what output `index` of rows has come to */
    CM_FROM_TABLE     /* rows of table `index` */
} cm_source;

typedef struct cm_stage_input {
    cm_source source;
    uint32_t index;
} cm_stage_input;

/* A program and where its inputs come from. */
typedef struct cm_stage {
    cm_program *program; /* NULL: there is none */
    cm_stage_input *inputs;
} cm_stage;

/* A constant of the graphs as plain memory. */
typedef struct cm_constant {
    cm_kind kind;
    cm_shape shape; /* of a tensor */
    int64_t count;
    cm_real *numbers; /* of a tensor, in the model's weights */
    int32_t *list;    /* of ids and segments, from 0 */
    int32_t least, limit;
} cm_constant;

/* A number or more for each item: row i is that of item i. */
typedef struct cm_table {
    cm_shape row; /* of one item, without the dim of the items */
    int64_t width;
    const cm_real *numbers; /* a constant's, or computed */
} cm_table;

/* What becomes of an output of `rows`: it is added to what was there, of which for a mean the
 * number of rows is divided by; or takes its place. */
typedef enum cm_adding { CM_ADDS, CM_AVERAGES, CM_REPLACES } cm_adding;

typedef struct cm_addend {
    cm_adding how;
    cm_shape shape;
} cm_addend;

/* What chooses the items that are worth scoring: see context_retrieval.c. Constants of the graphs;
 * NULL: nothing does. */
typedef struct cm_retrieval {
    const cm_constant *probes;  /* ids of some items */
    const cm_constant *solve;   /* [width, probes] */
    const cm_constant *vectors; /* [items, width] */
} cm_retrieval;

/* What predicts one sort of scores: of a model with lists the second part makes these. `rows` and
 * `rest` are `adapt` in two: what new rows of a support add, and the state of all that was added.
 */
typedef struct cm_part {
    cm_stage adapt, rows, rest, items, score, all;
    bool is_joint; /* `all` scores for several people whose states stand one below the other */
    cm_retrieval retrieval;
    cm_addend *sums; /* of the outputs of rows */
    uint32_t n_sums;
    cm_table *tables;
    uint32_t n_tables;
    cm_real *computed; /* the tables that `items` gives, one behind the other */
} cm_part;

#define CM_MOST_PARTS 2

typedef struct cm_frozen {
    cm_ctx cx; /* owns everything below */
    uint64_t hash;
    int32_t n_items;
    bool is_ordered; /* supports are sequences: order counts, and items may be there twice */
    cm_part parts[CM_MOST_PARTS];
    uint32_t n_parts;
    cm_constant *constants;
    cm_kind *kinds;
    cm_real *weights; /* the numbers of the constants that are tensors, one behind the other */
    uint32_t n_constants;
    char *text;           /* raw ids one after another, */
    int64_t *text_offset; /* [n_items + 1], */
    uint32_t *slots;      /* [n_slots] rows + 1 by hash of the raw id; 0: free */
    uint32_t n_slots;
    uint8_t *unlisted; /* [n_items] 1: in no list; NULL: all are in lists */
} cm_frozen;

/* Reads a file, or `size` bytes of one (copied). `what` names it in messages. The error, if there
 * is one, is recorded in `cx`. One holder. */
cm_frozen *cm_frozen_open(cm_ctx *cx, const char *path) CM_MUST_CHECK;
/* The same from memory. */
cm_frozen *cm_frozen_parse(cm_ctx *cx, const void *bytes, size_t size,
                           const char *what) CM_MUST_CHECK;

/* Adds a holder. */
void cm_frozen_retain(cm_frozen *model);
/* The same, unless there is none any more: false. For whoever knows of a model without holding it.
 */
bool cm_frozen_try_retain(cm_frozen *model) CM_MUST_CHECK;
/* How many holders there are, at this moment. */
int cm_frozen_holders(const cm_frozen *model);
/* What is called with a model that has no holder any more, before it is freed. */
void cm_frozen_when_over(cm_frozen *model, void (*call)(cm_frozen *model));
/* Takes one away; the last frees it. NULL is fine. */
void cm_frozen_release(cm_frozen *model);

/* Room that the header of a constant takes. */
#define CM_HEADER_BYTES (sizeof(cm_tensor) + sizeof(cm_storage))

/* Makes what ops read of a constant: a header in `room`, of CM_HEADER_BYTES, over its memory. Each
 * thread has headers of its own; what one counts in them never comes down to 0. */
void cm_constant_header(const cm_constant *constant, void *room, cm_value *value);

/* Takes back what runs counted in a header whose values went with their arena. */
void cm_header_reset(cm_kind kind, cm_value value);

/* Whether the part that makes lists can choose candidates. */
static inline bool cm_frozen_retrieves(const cm_frozen *model)
{
    return model->parts[model->n_parts - 1].retrieval.probes != NULL;
}

/* The row of an item by its raw id, -1 if there is none. */
int32_t cm_frozen_find(const cm_frozen *model, cm_text id);

/* The raw id of a row. */
cm_text cm_frozen_id(const cm_frozen *model, int32_t row);

#endif
