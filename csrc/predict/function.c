/* function.c - see function.h. */
#include "predict/function.h"
#include "cf/neighbours.h"
#include "cf/products.h"
#include "cf/pull.h"
#include "cf/ridge.h"
#include "cf/user_neighbours.h"
#include "tasks/shown.h"
#include "tensor/distinct.h"
#include "tensor/segments.h"
#include <string.h>

/* Refused unless a tensor is contiguous: what the functions of cf read is. */
static bool need_contiguous(cm_ctx *cx, const cm_tensor *x, const char *what)
{
    return cm_is_contiguous(x) || cm_refuse(cx, CM_ERR_ARGUMENT, "%s must be contiguous", what);
}

static bool gave(cm_value *gives, cm_tensor *tensor)
{
    gives->tensor = tensor;
    return tensor != NULL;
}

static bool full(cm_ctx *cx, const cm_given *given, cm_value *gives)
{
    return gave(gives, cm_tensor_full(cx, &given->shape, given->x[0]));
}

static bool segments(cm_ctx *cx, const cm_given *given, cm_value *gives)
{
    int32_t lengths[CM_MAX_DIMS];
    for (int g = 0; g < given->shape.ndim; g++) {
        if (given->shape.dims[g] < 0 || given->shape.dims[g] > INT32_MAX)
            return cm_refuse(cx, CM_ERR_ARGUMENT, "length %lld", (long long)given->shape.dims[g]);
        lengths[g] = (int32_t)given->shape.dims[g];
    }
    gives->list = cm_segments_new(cx, lengths, given->shape.ndim);
    return gives->list != NULL;
}

static bool groups(cm_ctx *cx, const cm_given *given, cm_value *gives)
{
    gives->list = cm_segments_groups_of_rows(cx, given->lists[0]);
    return gives->list != NULL;
}

static bool places(cm_ctx *cx, const cm_given *given, cm_value *gives)
{
    gives->list = cm_segments_places(cx, given->lists[0]);
    return gives->list != NULL;
}

static bool latest_rows(cm_ctx *cx, const cm_given *given, cm_value *gives)
{
    if (given->i[0] < 0)
        return cm_refuse(cx, CM_ERR_ARGUMENT, "the last %lld rows", (long long)given->i[0]);
    return cm_segments_latest(cx, given->lists[0], given->i[0], &gives[0].list, &gives[1].list);
}

static bool last_rows(cm_ctx *cx, const cm_given *given, cm_value *gives)
{
    gives->list = cm_segments_last(cx, given->lists[0]);
    return gives->list != NULL;
}

static bool distinct_values(cm_ctx *cx, const cm_given *given, cm_value *gives)
{
    const cm_tensor *x = given->tensors[0];
    if (x->shape.ndim != 1 || !need_contiguous(cx, x, "values"))
        return cm_refuse(cx, CM_ERR_SHAPE, "values must have one dim");
    return gave(gives, cm_tensor_distinct(cx, x, &gives[1].list));
}

static bool distinct_ids(cm_ctx *cx, const cm_given *given, cm_value *gives)
{
    return cm_ids_distinct(cx, given->lists[0], &gives[0].list, &gives[1].list);
}

static bool map_ids(cm_ctx *cx, const cm_given *given, cm_value *gives)
{
    if (given->lists[0]->limit > given->lists[1]->count)
        return cm_refuse(cx, CM_ERR_INDEX, "id %d of %lld", given->lists[0]->limit,
                         (long long)given->lists[1]->count);
    gives->list = cm_ids_map(cx, given->lists[0], given->lists[1]);
    return gives->list != NULL;
}

static bool select_by_ids(cm_ctx *cx, const cm_given *given, cm_value *gives)
{
    if (given->lists[0]->count != given->lists[1]->count)
        return cm_refuse(cx, CM_ERR_SHAPE, "an entry for each id was expected");
    gives->list = cm_ids_select(cx, given->lists[0], given->lists[1], NULL);
    return gives->list != NULL;
}

static bool select_by_mask(cm_ctx *cx, const cm_given *given, cm_value *gives)
{
    if (given->lists[0]->count != given->tensors[0]->count ||
        !need_contiguous(cx, given->tensors[0], "where"))
        return cm_refuse(cx, CM_ERR_SHAPE, "an entry for each id was expected");
    gives->list = cm_ids_select(cx, given->lists[0], NULL, cm_data(given->tensors[0]));
    return gives->list != NULL;
}

/* Gives in the order of the names of its fields: columns, rows, weights. */
static bool sparse(cm_ctx *cx, const cm_given *given, cm_value *gives)
{
    const cm_tensor *weights = given->tensors[0];
    cm_sparse made = {0};
    for (int k = 0; k < 2; k++)
        if (given->i[k] < 0 || given->i[k] >= INT32_MAX)
            return cm_refuse(cx, CM_ERR_ARGUMENT, "a size of %lld", (long long)given->i[k]);
    if ((weights && !need_contiguous(cx, weights, "weights")) ||
        !cm_sparse_make(cx, given->lists[0], given->lists[1], weights, given->i[0], given->i[1],
                        &made))
        return false;
    gives[0].list = made.columns;
    gives[1].list = made.rows;
    gives[2].tensor = made.weights;
    return true;
}

/* The k-th sparse matrix that was given. */
static bool matrix_at(cm_ctx *cx, const cm_given *given, int k, cm_sparse *matrix)
{
    *matrix = (cm_sparse){given->lists[2 * k], given->lists[2 * k + 1], given->tensors[k]};
    return cm_sparse_fits(matrix) ||
           cm_refuse(cx, CM_ERR_ARGUMENT, "the parts of a sparse matrix do not go together");
}

static bool sparse_product(cm_ctx *cx, const cm_given *given, cm_value *gives)
{
    cm_sparse matrix;
    return matrix_at(cx, given, 0, &matrix) && need_contiguous(cx, given->tensors[1], "dense") &&
           gave(gives, cm_sparse_product(cx, &matrix, given->tensors[1]));
}

static bool sparse_pair_product(cm_ctx *cx, const cm_given *given, cm_value *gives)
{
    cm_sparse a, b;
    if (given->i[0] < 0 || given->i[0] >= INT32_MAX)
        return cm_refuse(cx, CM_ERR_ARGUMENT, "a width of %lld", (long long)given->i[0]);
    return matrix_at(cx, given, 0, &a) && matrix_at(cx, given, 1, &b) &&
           gave(gives, cm_sparse_pair_product(cx, &a, &b, given->i[0]));
}

static bool pick_scores(cm_ctx *cx, const cm_given *given, cm_value *gives)
{
    const cm_tensor *scores = given->tensors[0];
    const cm_ids *items = given->lists[0], *rows = given->lists[1];
    if (scores->shape.ndim != 2 || scores->shape.dims[0] != cm_segments_groups(rows) ||
        cm_segments_rows(rows) != items->count ||
        (items->count > 0 && (items->least < 0 || items->limit > scores->shape.dims[1])))
        return cm_refuse(cx, CM_ERR_SHAPE, "scores, items and segments do not go together");
    return need_contiguous(cx, scores, "scores") &&
           gave(gives, cm_pick_scores(cx, scores, items, rows));
}

static bool pull_scores(cm_ctx *cx, const cm_given *given, cm_value *gives)
{
    cm_rating_scale scale = {given->x[0], given->x[1], given->i[0]};
    return need_contiguous(cx, given->tensors[0], "scores") &&
           gave(gives, cm_pull_scores(cx, given->tensors[0], &scale, given->x[2]));
}

static bool segment_ridge(cm_ctx *cx, const cm_given *given, cm_value *gives)
{
    for (int k = 0; k < 3; k++)
        if (!need_contiguous(cx, given->tensors[k], "what a ridge regression reads"))
            return false;
    return gave(gives, cm_segment_ridge(cx, given->tensors[0], given->lists[0], given->tensors[1],
                                        given->lists[1], given->tensors[2], "the ridge"));
}

static bool ridge_sums(cm_ctx *cx, const cm_given *given, cm_value *gives)
{
    for (int k = 0; k < 2; k++)
        if (!need_contiguous(cx, given->tensors[k], "what a ridge regression reads"))
            return false;
    return gave(gives, cm_ridge_sums(cx, given->tensors[0], given->lists[0], given->tensors[1],
                                     given->lists[1]));
}

static bool ridge_of_sums(cm_ctx *cx, const cm_given *given, cm_value *gives)
{
    for (int k = 0; k < 2; k++)
        if (!need_contiguous(cx, given->tensors[k], "what a ridge regression reads"))
            return false;
    return gave(gives, cm_ridge_of_sums(cx, given->tensors[0], given->tensors[1], "the ridge"));
}

static bool neighbour_means(cm_ctx *cx, const cm_given *given, cm_value *gives)
{
    cm_neighbours neighbours = {given->lists[0], given->tensors[0]};
    cm_residuals support = {given->lists[1], given->lists[2], given->tensors[1]};
    return need_contiguous(cx, given->tensors[0], "similarities") &&
           need_contiguous(cx, given->tensors[1], "residuals") &&
           gave(gives, cm_neighbour_means(cx, &neighbours, &support, given->lists[4],
                                          given->lists[3], given->i[0], given->x[0]));
}

static bool user_neighbour_means(cm_ctx *cx, const cm_given *given, cm_value *gives)
{
    cm_residuals known = {given->lists[0], given->lists[1], given->tensors[0]};
    cm_residuals support = {given->lists[2], given->lists[3], given->tensors[1]};
    cm_user_weighting by = {given->tensors[2], given->i[0], given->x[0], given->x[1]};
    for (int k = 0; k < 3; k++)
        if (given->tensors[k] && !need_contiguous(cx, given->tensors[k], "what neighbours read"))
            return false;
    return gave(gives, cm_user_neighbour_means(cx, &known, &by, &support, given->lists[5],
                                               given->lists[4]));
}

// clang-format off
static const cm_function functions[] = {
    {"full", "shape:s value:x", "t", full},
    {"segments", "lengths:s", "S", segments},
    {"Segments:groups", "segments:S", "I", groups},
    {"Segments:places", "segments:S", "I", places},
    {"latest_rows", "segments:S n:i", "IS", latest_rows},
    {"last_rows", "segments:S", "I", last_rows},
    {"distinct", "values:t", "tI", distinct_values},
    {"distinct", "ids:I", "II", distinct_ids},
    {"map_ids", "ids:I new:I", "I", map_ids},
    {"select_ids", "ids:I where:I", "I", select_by_ids},
    {"select_ids", "ids:I where:t", "I", select_by_mask},
    {"sparse", "rows:I columns:I weights:t? n_rows:i n_columns:i", "ISt", sparse},
    {"sparse_product", "matrix:M dense:t", "t", sparse_product},
    {"sparse_pair_product", "a:M b:M width:i", "t", sparse_pair_product},
    {"pick_scores", "scores:t items:I segments:S", "t", pick_scores},
    {"pull_scores", "scores:t smallest:x step:x steps:i pull:x", "t", pull_scores},
    {"segment_ridge", "features:t rows:I? targets:t segments:S ridge:t where:w? named:w?", "t",
     segment_ridge},
    {"ridge_sums", "features:t rows:I? targets:t segments:S", "t", ridge_sums},
    {"ridge_of_sums", "sums:t ridge:t where:w? named:w?", "t", ridge_of_sums},
    {"neighbour_means", "neighbours:I similarities:t support:S items:I residuals:t query:S "
     "query_items:I nearest:i damp:x", "t", neighbour_means},
    {"user_neighbour_means", "by_item:S users:I known:t support:S items:I residuals:t query:S "
     "query_items:I squares:t? nearest:i shrink:x damp:x", "t", user_neighbour_means},
};
// clang-format on

const cm_function *cm_function_next(const char *name, const cm_function *before)
{
    const cm_function *end = functions + sizeof functions / sizeof *functions;
    for (const cm_function *f = before ? before + 1 : functions; f < end; f++)
        if (strcmp(f->name, name) == 0)
            return f;
    return NULL;
}
