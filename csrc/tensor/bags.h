/* bags.h - the values of several fields, for each row. */
#ifndef CM_BAGS_H
#define CM_BAGS_H

#include "tensor/ids.h"

/* The bags of one field: row r has the ids of segment r, or id r alone without segments. */
typedef struct cm_bags {
    const cm_ids *ids, *segments;
} cm_bags;

/* Concatenates the bags of `fields` fields row by row, as the op embedding_fields reads them:
 * segment (row fields + field) of the result holds the ids of that field of that row. *ids and
 * *segments are new, with one reference. Refused where the fields differ in rows or segments do not
 * cover their ids. */
bool cm_bags_merge(cm_ctx *cx, const cm_bags *bags, int fields, cm_ids **ids, cm_ids **segments);

#endif
