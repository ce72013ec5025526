/* api_context.c - the interface for hosts: contexts. Checks of what is given, and the lock that
 * tells two threads apart. */
#include "base/mem.h"
#include "predict/api.h"

/* --- calls --------------------------------------------------------------------------------------
 */

/* Takes the predictor for a call, with no error yet; false if another thread has it. */
static bool enter(cmml_predictor *predictor)
{
    if (atomic_flag_test_and_set_explicit(&predictor->busy, memory_order_acquire))
        return false;
    cm_error_clear(&predictor->own->cx);
    return true;
}

/* Ends the call, of which `ok` says whether it went well; else an error was recorded. */
static cmml_status leave(cmml_predictor *predictor, bool ok)
{
    cmml_status status = ok ? CMML_OK : cm_api_status(cm_error_code(&predictor->own->cx));
    atomic_flag_clear_explicit(&predictor->busy, memory_order_release);
    return status;
}

/* The same of a call that takes no memory but what the limits set aside. */
static cmml_status leave_limits(cmml_predictor *predictor, bool ok)
{
    cmml_status status = leave(predictor, ok);
    return status == CMML_NO_MEMORY ? CMML_LIMIT : status;
}

/* Refuses an argument that is not possible. */
static bool check(cmml_predictor *predictor, bool ok, const char *text)
{
    return ok || cm_refuse(&predictor->own->cx, CM_ERR_ARGUMENT, "%s", text);
}

/* --- contexts -----------------------------------------------------------------------------------
 */

/* Wraps a context that was made, unless that was refused. */
static bool wrap(cmml_predictor *predictor, cm_context *own, cmml_context **context)
{
    cmml_context *made = own ? cm_block_alloc(1, sizeof *made) : NULL;
    if (made) {
        *made = (cmml_context){predictor, own};
    } else if (own) {
        cm_context_free(own);
        (void)cm_refuse(&predictor->own->cx, CM_ERR_NO_MEMORY, "out of memory for a context");
    }
    *context = made;
    return made != NULL;
}

cmml_status cmml_context_new(cmml_predictor *predictor, cmml_context **context)
{
    if (!predictor)
        return CMML_ARGUMENT;
    if (!enter(predictor))
        return CMML_BUSY;
    bool ok = check(predictor, context, "context is NULL") &&
              wrap(predictor, cm_context_new(predictor->own), context);
    return leave(predictor, ok);
}

cmml_status cmml_context_fork(cmml_context *context, cmml_context **fork)
{
    if (!context)
        return CMML_ARGUMENT;
    if (!enter(context->predictor))
        return CMML_BUSY;
    bool ok = check(context->predictor, fork, "fork is NULL") &&
              wrap(context->predictor, cm_context_fork(context->own), fork);
    return leave(context->predictor, ok);
}

void cmml_context_free(cmml_context *context)
{
    if (!context)
        return;
    cmml_predictor *predictor = context->predictor;
    cm_context_free(context->own);
    cm_block_free(context);
    cm_api_drop(predictor);
}

cmml_status cmml_observe(cmml_context *context, int32_t item, float label)
{
    if (!context)
        return CMML_ARGUMENT;
    if (!enter(context->predictor))
        return CMML_BUSY;
    return leave_limits(context->predictor, cm_context_observe(context->own, item, (double)label));
}

cmml_status cmml_forget(cmml_context *context, int32_t item)
{
    if (!context)
        return CMML_ARGUMENT;
    if (!enter(context->predictor))
        return CMML_BUSY;
    cm_context_forget(context->own, item);
    return leave_limits(context->predictor, true);
}

cmml_status cmml_clear(cmml_context *context)
{
    if (!context)
        return CMML_ARGUMENT;
    if (!enter(context->predictor))
        return CMML_BUSY;
    cm_context_clear(context->own);
    return leave_limits(context->predictor, true);
}

int32_t cmml_context_size(const cmml_context *context)
{
    const int32_t *items;
    const cm_real *labels;
    return context ? cm_context_support(context->own, &items, &labels) : 0;
}

cmml_status cmml_context_support(cmml_context *context, int32_t *items, float *labels, size_t room)
{
    const int32_t *own;
    const cm_real *own_labels;
    if (!context)
        return CMML_ARGUMENT;
    if (!enter(context->predictor))
        return CMML_BUSY;
    size_t n = (size_t)cm_context_support(context->own, &own, &own_labels);
    bool ok = check(context->predictor, n == 0 || (items && labels), "items or labels is NULL") &&
              (room >= n || cm_refuse(&context->predictor->own->cx, CM_ERR_LIMIT,
                                      "there is room for %zu interactions of %zu", room, n));
    for (size_t i = 0; ok && i < n; i++) {
        items[i] = own[i];
        labels[i] = (float)own_labels[i];
    }
    return leave_limits(context->predictor, ok);
}

cmml_status cmml_score(cmml_context *context, const int32_t *items, size_t n, float *scores)
{
    if (!context)
        return CMML_ARGUMENT;
    if (!enter(context->predictor))
        return CMML_BUSY;
    bool ok = check(context->predictor, n == 0 || (items && scores), "items or scores is NULL") &&
              cm_context_score(context->own, 0, items, n, scores);
    return leave_limits(context->predictor, ok);
}

/* What an earlier version had ended with padding, which nobody set: no later field lies there. */
_Static_assert(offsetof(cmml_query, candidates) >= offsetof(cmml_query, reserved) + sizeof(int32_t),
               "candidates lie where earlier hosts have padding");

/* Reads what a list is to be of. */
static bool read_query(cmml_predictor *p, const cmml_query *query, cm_request *request)
{
    cmml_query all = {0};
    if (!check(p, query, "query is NULL") ||
        !check(p, cm_api_read(&all, sizeof all, offsetof(cmml_query, reserved), query),
               "query: " CM_API_UNREAD) ||
        !check(p, all.n_exclude == 0 || all.exclude, "query: exclude is NULL"))
        return false;
    *request = (cm_request){.part = p->own->model->n_parts - 1,
                            .n = all.n,
                            .candidates = all.candidates,
                            .exclude = all.exclude,
                            .n_exclude = all.n_exclude,
                            .allowed = all.allowed,
                            .with_support = all.with_support != 0};
    return true;
}

cmml_status cmml_recommend_some(cmml_context *context, const cmml_query *query, double budget,
                                int32_t *items, float *scores, int32_t *found, int32_t *done)
{
    bool is_done = false;
    cm_request request;
    if (!context)
        return CMML_ARGUMENT;
    cmml_predictor *p = context->predictor;
    if (!enter(p))
        return CMML_BUSY;
    bool ok = check(p, items && scores && found && done, "items, scores, found or done is NULL");
    if (ok) {
        *found = 0;
        ok = check(p, budget >= 0, "budget is no number of microseconds from 0 on") &&
             read_query(p, query, &request) &&
             cm_context_recommend(context->own, &request, budget * 1e-6, items, scores, found,
                                  &is_done);
        *done = is_done;
    }
    return leave_limits(p, ok);
}

cmml_status cmml_recommend(cmml_context *context, const cmml_query *query, int32_t *items,
                           float *scores, int32_t *found)
{
    int32_t done;
    return cmml_recommend_some(context, query, 1e300, items, scores, found, &done);
}

/* The predictor of all contexts; NULL unless they have one. */
static cmml_predictor *predictor_of(cmml_context *const *contexts, size_t n)
{
    cmml_predictor *p = contexts && n > 0 && contexts[0] ? contexts[0]->predictor : NULL;
    for (size_t i = 0; p && i < n; i++)
        p = contexts[i] && contexts[i]->predictor == p ? p : NULL;
    return p;
}

cmml_status cmml_recommend_each(cmml_context *const *contexts, size_t n, const cmml_query *query,
                                int32_t *items, float *scores, int32_t *found)
{
    cm_request request;
    cmml_predictor *p = predictor_of(contexts, n);
    if (!p)
        return n == 0 ? CMML_OK : CMML_ARGUMENT;
    if (!enter(p))
        return CMML_BUSY;
    bool ok = check(p, items && scores && found, "items, scores or found is NULL") &&
              read_query(p, query, &request);
    for (size_t at = 0, count; ok && at < n; at += count) {
        count = CM_MIN(n - at, (size_t)p->own->limits.users);
        for (size_t i = 0; i < count; i++)
            p->own->group[i] = contexts[at + i]->own;
        size_t to = at * (size_t)CM_MAX(request.n, 0);
        ok = cm_group_recommend(p->own, (int32_t)count, &request, items + to, scores + to,
                                found + at);
    }
    return leave_limits(p, ok);
}

size_t cmml_context_text(const cmml_context *context)
{
    return context ? cm_context_text_bytes(context->own) : 0;
}

cmml_status cmml_context_save(cmml_context *context, char *text, size_t room)
{
    size_t used;
    if (!context)
        return CMML_ARGUMENT;
    if (!enter(context->predictor))
        return CMML_BUSY;
    bool ok = check(context->predictor, text, "text is NULL") &&
              cm_context_save(context->own, text, room, &used);
    return leave_limits(context->predictor, ok);
}

cmml_status cmml_context_restore(cmml_context *context, const char *text, size_t length)
{
    if (!context)
        return CMML_ARGUMENT;
    if (!enter(context->predictor))
        return CMML_BUSY;
    bool ok = check(context->predictor, text, "text is NULL") &&
              cm_context_restore(context->own, text, length);
    return leave_limits(context->predictor, ok);
}
