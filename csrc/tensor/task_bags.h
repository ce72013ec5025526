/* task_bags.h - bags of ids in which every task has numbers of its own for its ids, so that what
 * one task makes of an id is kept apart from what others do. */
#ifndef CM_TASK_BAGS_H
#define CM_TASK_BAGS_H

#include "tensor/bags.h"

/* Pairs of an id and a task, and bags of numbers of such pairs. */
typedef struct cm_task_bags {
    cm_ids *ids, *owners;     /* the id and the task of each new pair */
    cm_ids *places, *lengths; /* bags (segments) of numbers, one bag a row */
} cm_task_bags;

/* Reads the bags of `rows`, of which `tasks` (segments) says whose they are. Pairs are numbered in
 * order of appearance, behind the distinct pairs `seen_ids`, `seen_owners` (both NULL: none), which
 * keep their numbers; unknown rows and ids are left out. The lists are new, with one reference
 * each. Refused where lists do not fit, or a row has no bag. */
bool cm_bags_of_tasks(cm_ctx *cx, const cm_bags *bags, const cm_ids *rows, const cm_ids *tasks,
                      const cm_ids *seen_ids, const cm_ids *seen_owners, cm_task_bags *out);

/* The bags of a field: numbers of pairs, the bags (segments), the task of each pair in rising
 * order, and how often each bag stands among the rows of the tasks (segments; NULL: once). */
typedef struct cm_task_field {
    const cm_ids *places, *bags, *owners, *repeated;
} cm_task_field;

/* Those of several fields, one field after another; all lists are new, with one reference. */
typedef struct cm_task_fields {
    cm_ids *places; /* pairs of all fields, numbered behind those of the fields before */
    cm_ids *bags;   /* segments of places: field by field, one a row */
    cm_ids *pairs;  /* segments of pairs: field by field, one a task */
} cm_task_fields;

/* Joins the bags of n fields, all of as many rows, as the op embedding_steps reads them. Refused
 * where lists do not fit. */
bool cm_task_fields_join(cm_ctx *cx, const cm_task_field *fields, int n, int64_t tasks,
                         cm_task_fields *out);

#endif
