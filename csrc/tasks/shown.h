/* shown.h - what lists show: scores of rows from those of a whole catalogue, and the best rows. */
#ifndef CM_SHOWN_H
#define CM_SHOWN_H

#include "tensor/ids.h"
#include "tensor/tensor.h"

/* The score of each row, of `scores` [tasks, items], contiguous: items are known, and the segments
 * say whose task a row is of. [rows], a tensor of the open scope. */
cm_tensor *cm_pick_scores(cm_ctx *cx, const cm_tensor *scores, const cm_ids *items,
                          const cm_ids *segments) CM_MUST_CHECK;

/* The n rows with the highest scores of each list, best first, of equal scores the first row;
 * unknown behind the last row of a shorter list. scores: [rows], contiguous. New ids [lists * n]
 * with one reference. O(rows log n). */
cm_ids *cm_shown_rows(cm_ctx *cx, const cm_tensor *scores, const cm_ids *segments,
                      int64_t n) CM_MUST_CHECK;

#endif
