/* context_score.c - adapting to the support of a context, and scores under it. */
#include "predict/context_parts.h"
#include "predict/predictor_parts.h"
#include <string.h>

/* --- scoring ------------------------------------------------------------------------------------
 */

/* What programs read of a context, whose headers are on the caller's stack. */
typedef struct support {
    cm_ids items, segments;
    int32_t offsets[2];
    char header[CM_HEADER_BYTES];
    cm_reading reading;
} support;

/* The interactions from `first` on. */
static const cm_reading *reading_from(cm_context *c, uint32_t part, int32_t first, support *s)
{
    int32_t n = c->n - first;
    s->offsets[0] = 0;
    s->offsets[1] = n;
    s->items = (cm_ids){.refs = 1, .count = n, .values = c->items + first};
    s->segments = (cm_ids){.refs = 1, .count = 2, .values = s->offsets};
    cm_ids_seal(&s->items);
    cm_ids_seal(&s->segments);
    cm_value labels;
    cm_constant over = {
        .kind = 't', .shape = cm_shape_1d(n), .count = n, .numbers = c->labels + first};
    cm_constant_header(&over, s->header, &labels);
    for (uint32_t k = 0; k < c->p->n_rooms[part]; k++)
        if (c->parts[part].state[k].any)
            cm_header_reset(c->p->rooms[part][k].kind, c->parts[part].state[k]);
    s->reading = (cm_reading){.support_items = &s->items,
                              .support_segments = &s->segments,
                              .support_labels = labels.tensor,
                              .state = c->parts[part].state,
                              .count = c->p->model->n_items}; /* whole tables */
    return &s->reading;
}

static const cm_reading *reading_of(cm_context *c, uint32_t part, support *s)
{
    return reading_from(c, part, 0, s);
}

/* Copies what adapt gave out of the arena. */
static bool keep_state(cm_context *c, uint32_t part)
{
    cm_predictor *p = c->p;
    cm_made *m = &c->parts[part];
    for (uint32_t i = 0; i < p->n_rooms[part]; i++) {
        const cm_room *room = &p->rooms[part][i];
        cm_constant kept = {.kind = room->kind};
        const void *from;
        if (room->kind == 't') {
            cm_tensor *whole = cm_contiguous(&p->cx, p->ports[i].tensor);
            if (!whole)
                return false;
            kept.shape = whole->shape;
            kept.count = whole->count;
            kept.numbers = (cm_real *)(void *)m->rooms[i];
            from = cm_data(whole);
        } else {
            const cm_ids *list = p->ports[i].list;
            kept.count = list->count;
            kept.least = list->least;
            kept.limit = list->limit;
            kept.list = (int32_t *)(void *)m->rooms[i];
            from = list->values;
        }
        size_t each = room->kind == 't' ? sizeof(cm_real) : sizeof(int32_t);
        size_t bytes = (size_t)kept.count * each;
        if (bytes > room->bytes)
            return cm_refuse(&p->cx, CM_ERR_LIMIT,
                             "the state of this support takes %zu bytes, that of "
                             "the largest took %zu",
                             bytes, room->bytes);
        memcpy(m->rooms[i], from, bytes);
        cm_constant_header(&kept, m->headers + i * CM_HEADER_BYTES, &m->state[i]);
    }
    return true;
}

/* The sums themselves as a tensor, or the means of so many rows: in the arena. */
static cm_tensor *sum_as_tensor(cm_predictor *p, const cm_addend *addend, const cm_real *sum,
                                int32_t rows)
{
    if (rows == 1) {
        void *room = cm_alloc(&p->cx, CM_HEADER_BYTES);
        return room ? cm_header_over(room, &addend->shape, sum) : NULL;
    }
    cm_tensor *tensor = cm_tensor_new(&p->cx, &addend->shape);
    cm_real *mean = tensor ? cm_data(tensor) : NULL, factor = 1 / (cm_real)rows;
    for (int64_t i = 0; tensor && i < tensor->count; i++)
        mean[i] = sum[i] * factor;
    return tensor;
}

/* What rows have added up to, as programs read it. NULL when the arena is too small. */
static const cm_value *sums_of(cm_context *c, uint32_t part, bool averaged)
{
    const cm_part *of = &c->p->model->parts[part];
    const cm_made *m = &c->parts[part];
    cm_value *sums = cm_alloc(&c->p->cx, (of->n_sums + 1) * sizeof *sums);
    for (uint32_t k = 0; sums && k < of->n_sums; k++) {
        bool mean = averaged && of->sums[k].how == CM_AVERAGES && m->added > 0;
        sums[k].tensor = sum_as_tensor(c->p, &of->sums[k], m->sums[k], mean ? m->added : 1);
        if (!sums[k].tensor)
            return NULL;
    }
    return sums;
}

/* Adds what a run of rows gave. */
static bool add_up(cm_context *c, uint32_t part)
{
    const cm_part *of = &c->p->model->parts[part];
    for (uint32_t k = 0; k < of->n_sums; k++) {
        cm_tensor *given = cm_contiguous(&c->p->cx, c->p->ports[k].tensor);
        if (!given)
            return false;
        if (!cm_shape_equal(&given->shape, &of->sums[k].shape))
            return cm_refuse(&c->p->cx, CM_ERR_FORMAT, "rows add numbers of another shape");
        cm_real *restrict sum = c->parts[part].sums[k];
        const cm_real *added = cm_data(given);
        if (of->sums[k].how == CM_REPLACES)
            memmove(sum, added, (size_t)given->count * sizeof *sum);
        for (int64_t i = 0; of->sums[k].how != CM_REPLACES && i < given->count; i++)
            sum[i] += added[i];
    }
    return true;
}

/* Adapts by what the rows that are new add to those before them. */
static bool adapt_rows(cm_context *c, uint32_t part)
{
    const cm_part *of = &c->p->model->parts[part];
    cm_made *m = &c->parts[part];
    support s;
    for (uint32_t k = 0; m->added == 0 && k < of->n_sums; k++)
        memset(m->sums[k], 0, (size_t)cm_shape_size(&of->sums[k].shape) * sizeof(cm_real));
    cm_reading reading = *reading_from(c, part, m->added, &s);
    if (m->added < c->n) {
        reading.sums = sums_of(c, part, false);
        m->added = 0; /* after a refusal all begins anew */
        if (!reading.sums || !cm_predictor_run(c->p, of, &of->rows, &reading) || !add_up(c, part))
            return false;
        m->added = c->n;
        cm_predictor_reset(c->p);
    }
    reading.sums = sums_of(c, part, true);
    return reading.sums && cm_predictor_run(c->p, of, &of->rest, &reading) && keep_state(c, part);
}

bool cm_context_adapt(cm_context *c, uint32_t part)
{
    const cm_part *of = &c->p->model->parts[part];
    support s;
    cm_predictor_reset(c->p);
    if (part >= c->p->model->n_parts)
        return cm_refuse(&c->p->cx, CM_ERR_ARGUMENT, "part %u of %u", part, c->p->model->n_parts);
    if (c->parts[part].is_ready)
        return true;
    if (of->rows.program ? !adapt_rows(c, part)
                         : of->adapt.program &&
                               (!cm_predictor_run(c->p, of, &of->adapt, reading_of(c, part, &s)) ||
                                !keep_state(c, part)))
        return false;
    c->parts[part].is_ready = true;
    cm_predictor_reset(c->p);
    return true;
}

bool cm_context_check_finite(cm_context *c, const cm_real *scores, int64_t n)
{
    cm_real sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += scores[i] * 0; /* NaN from the first that is not finite */
    return sum == 0 || cm_refuse(&c->p->cx, CM_ERR_NUMBER,
                                 "scores are not finite numbers: weights or labels are out of all "
                                 "bounds");
}

bool cm_context_score_all(cm_context *c, uint32_t part)
{
    const cm_part *of = &c->p->model->parts[part];
    support s;
    cm_made *m = &c->parts[part];
    if (m->is_scored)
        return true;
    if (!cm_predictor_run(c->p, of, &of->all, reading_of(c, part, &s)))
        return false;
    cm_tensor *scores = cm_contiguous(&c->p->cx, c->p->ports[0].tensor);
    if (!scores)
        return false;
    if (scores->count != c->p->model->n_items)
        return cm_refuse(&c->p->cx, CM_ERR_FORMAT, "%lld scores of %d items",
                         (long long)scores->count, c->p->model->n_items);
    if (!cm_context_check_finite(c, cm_data(scores), scores->count))
        return false;
    memcpy(m->all, cm_data(scores), (size_t)scores->count * sizeof *m->all);
    m->is_scored = true;
    cm_predictor_reset(c->p);
    return true;
}

/* Takes the scores that a joint program gave: a row for each of the group who had none. */
static bool take_rows(cm_predictor *p, uint32_t part, int32_t n, int32_t rows)
{
    int32_t n_items = p->model->n_items;
    cm_tensor *scores = cm_contiguous(&p->cx, p->ports[0].tensor);
    if (!scores)
        return false;
    if (scores->count != (int64_t)rows * n_items)
        return cm_refuse(&p->cx, CM_ERR_FORMAT, "%lld scores of %d items for %d people",
                         (long long)scores->count, n_items, rows);
    const cm_real *row = cm_data(scores);
    if (!cm_context_check_finite(p->group[0], row, scores->count))
        return false;
    for (int32_t i = 0; i < n; i++) {
        cm_made *m = &p->group[i]->parts[part];
        if (m->is_scored)
            continue;
        memcpy(m->all, row, (size_t)n_items * sizeof *m->all);
        row += n_items;
    }
    for (int32_t i = 0; i < n; i++)
        p->group[i]->parts[part].is_scored = true;
    return true;
}

bool cm_group_score_all(cm_predictor *p, int32_t n, uint32_t part)
{
    support s;
    int32_t rows = 0;
    for (int32_t i = 0; i < n; i++)
        if (!cm_context_adapt(p->group[i], part))
            return false;
    if (n < 2 || !p->model->parts[part].is_joint)
        return true;
    cm_reading reading = *reading_of(p->group[0], part, &s);
    const cm_value **states = cm_alloc(&p->cx, (size_t)n * sizeof *states);
    for (int32_t i = 0; states && i < n; i++)
        if (!p->group[i]->parts[part].is_scored)
            states[rows++] = p->group[i]->parts[part].state;
    if (states && rows < 2)
        return true;
    reading.state = states ? cm_predictor_stack(p, part, states, rows) : NULL;
    return reading.state &&
           cm_predictor_run(p, &p->model->parts[part], &p->model->parts[part].all, &reading) &&
           take_rows(p, part, n, rows);
}

const cm_real *cm_context_block(cm_context *c, uint32_t part, const int32_t *rows, int32_t first,
                                int32_t count)
{
    const cm_part *of = &c->p->model->parts[part];
    support s;
    cm_reading reading = *reading_of(c, part, &s);
    reading.rows = rows;
    reading.first = first;
    reading.count = count;
    cm_predictor_reset(c->p);
    if (!cm_predictor_run(c->p, of, &of->score, &reading))
        return NULL;
    cm_tensor *scores = cm_contiguous(&c->p->cx, c->p->ports[0].tensor);
    if (scores && scores->count != count)
        return cm_fail(&c->p->cx, CM_ERR_FORMAT, "%lld scores of %d items",
                       (long long)scores->count, count);
    return scores && cm_context_check_finite(c, cm_data(scores), count) ? cm_data(scores) : NULL;
}

bool cm_context_score(cm_context *c, uint32_t part, const int32_t *items, size_t n, cm_real *scores)
{
    if (!cm_context_adapt(c, part))
        return false;
    if (n == 0) /* whoever asks for none wants that */
        return true;
    for (size_t i = 0; i < n; i++)
        if (!cm_context_check_item(c, items[i]))
            return false;
    if (c->p->model->parts[part].all.program) {
        if (!cm_context_score_all(c, part))
            return false;
        for (size_t i = 0; i < n; i++)
            scores[i] = c->parts[part].all[items[i]];
        return true;
    }
    /* as many as a run at the limits had: items may be asked for more than once */
    size_t most = (size_t)CM_MIN(c->p->limits.block, c->p->model->n_items);
    for (size_t at = 0; at < n; at += most) {
        int32_t count = (int32_t)CM_MIN(most, n - at);
        const cm_real *found = cm_context_block(c, part, items + at, 0, count);
        if (!found)
            return false;
        memcpy(scores + at, found, (size_t)count * sizeof *scores);
    }
    return true;
}
