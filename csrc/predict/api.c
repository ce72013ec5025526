/* api.c - the interface for hosts, include/cmml.h: models and predictors. */
#include "predict/api.h"
#include "base/mem.h"
#include <string.h>

static cm_frozen *model_of(const cmml_model *model)
{
    return (cm_frozen *)(uintptr_t)model;
}

cmml_status cm_api_status(cm_status code)
{
    static const cmml_status statuses[] = {
        [CM_ERR_OK] = CMML_OK,         [CM_ERR_NO_MEMORY] = CMML_NO_MEMORY,
        [CM_ERR_SHAPE] = CMML_FORMAT,  [CM_ERR_ARGUMENT] = CMML_ARGUMENT,
        [CM_ERR_INDEX] = CMML_UNKNOWN, [CM_ERR_LIMIT] = CMML_LIMIT,
        [CM_ERR_STATE] = CMML_OTHER,   [CM_ERR_GRADIENT] = CMML_OTHER,
        [CM_ERR_NUMBER] = CMML_NUMBER, [CM_ERR_IO] = CMML_IO,
        [CM_ERR_FORMAT] = CMML_FORMAT};
    return statuses[code];
}

const char *cmml_version(void)
{
    return CM_VERSION;
}

/* --- models -------------------------------------------------------------------------------------
 */

/* What a context for a constructor recorded, for the caller. */
static cmml_status told(cm_ctx *cx, cmml_error *error)
{
    cmml_status status = cm_api_status(cm_error_code(cx));
    if (error) {
        error->status = status;
        memcpy(error->text, cm_error_text(cx), strlen(cm_error_text(cx)) + 1);
    }
    cm_ctx_close(cx);
    return status;
}

/* Opens a context for a constructor; false after the refusal of a NULL. */
static bool begin(cm_ctx *cx, bool given)
{
    cm_ctx_open(cx);
    return given || cm_refuse(cx, CM_ERR_ARGUMENT, "an argument is NULL");
}

cmml_status cmml_model_load(const char *path, cmml_model **model, cmml_error *error)
{
    cm_ctx cx;
    if (begin(&cx, path && model))
        *model = (cmml_model *)cm_frozen_open(&cx, path);
    return told(&cx, error);
}

cmml_status cmml_model_load_memory(const void *bytes, size_t size, cmml_model **model,
                                   cmml_error *error)
{
    cm_ctx cx;
    if (begin(&cx, bytes && model))
        *model = (cmml_model *)cm_frozen_parse(&cx, bytes, size, "the bytes of a model");
    return told(&cx, error);
}

cmml_model *cmml_model_retain(cmml_model *model)
{
    if (model)
        cm_frozen_retain(model_of(model));
    return model;
}

void cmml_model_release(cmml_model *model)
{
    cm_frozen_release(model_of(model));
}

int32_t cmml_model_items(const cmml_model *model)
{
    return model ? model_of(model)->n_items : 0;
}

int32_t cmml_model_find(const cmml_model *model, const char *id, size_t length)
{
    return model && id ? cm_frozen_find(model_of(model), (cm_text){id, length}) : -1;
}

const char *cmml_model_id(const cmml_model *model, int32_t item, size_t *length)
{
    if (!model || item < 0 || item >= model_of(model)->n_items)
        return NULL;
    cm_text id = cm_frozen_id(model_of(model), item);
    if (length)
        *length = id.len;
    return id.text;
}

int32_t cmml_model_parts(const cmml_model *model)
{
    return model ? (int32_t)model_of(model)->n_parts : 0;
}

int32_t cmml_model_retrieves(const cmml_model *model)
{
    return model && cm_frozen_retrieves(model_of(model));
}

/* --- predictors ---------------------------------------------------------------------------------
 */

/* The most bytes that a struct of a newer host may have. */
#define MOST_STRUCT 4096

bool cm_api_read(void *to, size_t known, size_t least, const void *from)
{
    size_t size;
    memcpy(&size, from, sizeof size);
    if (size < least || size > MOST_STRUCT)
        return false;
    for (size_t i = known; i < size; i++)
        if (((const unsigned char *)from)[i] != 0)
            return false;
    memset(to, 0, known);
    memcpy(to, from, CM_MIN(size, known));
    return true;
}

/* Limits as a host gave them; what is 0 has its default. */
static bool read_limits(cm_ctx *cx, const cmml_limits *given, cm_limits *limits)
{
    cmml_limits all = {0};
    if (given && !cm_api_read(&all, sizeof all, offsetof(cmml_limits, candidates), given))
        return cm_refuse(cx, CM_ERR_ARGUMENT, "limits: " CM_API_UNREAD);
    *limits = (cm_limits){.support = all.support ? all.support : 256,
                          .list = all.list ? all.list : 100,
                          .block = all.block ? all.block : 512,
                          .memory = all.memory ? all.memory : (size_t)1 << 30,
                          .candidates = all.candidates ? all.candidates : 1000,
                          .users = all.users ? all.users : 1};
    return true;
}

static cmml_predictor *new_predictor(cm_ctx *cx, cmml_model *model, const cmml_limits *given)
{
    cm_limits limits;
    if (!read_limits(cx, given, &limits))
        return NULL;
    cmml_predictor *made = cm_block_alloc(1, sizeof *made);
    if (!made)
        return cm_fail(cx, CM_ERR_NO_MEMORY, "out of memory");
    atomic_flag_clear(&made->busy);
    made->own = cm_predictor_new(cx, model_of(model), &limits);
    if (made->own)
        return made;
    cm_block_free(made);
    return NULL;
}

cmml_status cmml_predictor_new(cmml_model *model, const cmml_limits *limits,
                               cmml_predictor **predictor, cmml_error *error)
{
    cm_ctx cx;
    if (begin(&cx, model && predictor))
        *predictor = new_predictor(&cx, model, limits);
    return told(&cx, error);
}

void cm_api_drop(cmml_predictor *predictor)
{
    if (!cm_predictor_is_over(predictor->own))
        return;
    cm_predictor_free(predictor->own);
    cm_block_free(predictor);
}

void cmml_predictor_free(cmml_predictor *predictor)
{
    if (!predictor)
        return;
    predictor->own->orphaned = true;
    cm_api_drop(predictor);
}

const char *cmml_predictor_error(const cmml_predictor *predictor)
{
    return predictor ? cm_error_text(&predictor->own->cx) : "the predictor is NULL";
}

size_t cmml_predictor_bytes(const cmml_predictor *predictor)
{
    return predictor ? sizeof *predictor + cm_predictor_bytes(predictor->own) : 0;
}
