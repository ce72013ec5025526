/* cmml.h - recommendations from a frozen cmml model, for hosts in C and in whatever calls C.
 *
 *     cmml_error error;
 *     cmml_model *model;
 *     cmml_predictor *predictor;
 *     cmml_context *person;
 *     if (cmml_model_load("model.safetensors", &model, &error) != CMML_OK)
 *         ...                                      the reason is in error.text
 *     cmml_predictor_new(model, NULL, &predictor, &error);
 *     cmml_context_new(predictor, &person);
 *     cmml_observe(person, cmml_model_find(model, "1193", 4), 5);
 *     int32_t items[10], found;
 *     float scores[10];
 *     cmml_recommend(person, &(cmml_query){.size = sizeof(cmml_query), .n = 10}, items, scores,
 * &found);
 *
 * A model is shared by all threads of a process; it never changes. A predictor and its contexts
 * belong to one thread at a time: a call from a second one meanwhile gives CMML_BUSY and changes
 * nothing. All memory is taken by cmml_model_load, cmml_predictor_new and cmml_context_new (and its
 * relatives); no other function takes any, and none ends the process, prints, or calls back.
 *
 * Items are rows of the model's catalogue, from 0. After a status other than CMML_OK whatever was
 * to be given is not, and the object is as it was before; it can be used on. */
#ifndef CMML_H
#define CMML_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#    define CMML_API __attribute__((visibility("default")))
#else
#    define CMML_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef enum cmml_status {
    CMML_OK = 0,
    CMML_NO_MEMORY = 1, /* memory has run out */
    CMML_ARGUMENT = 2,  /* an argument that is not possible, such as NULL */
    CMML_UNKNOWN = 3,   /* an item that the model does not have */
    CMML_LIMIT = 4,     /* more than the limits or a buffer allow */
    CMML_NUMBER = 5,    /* a number that is not finite */
    CMML_IO = 6,        /* a file that cannot be read */
    CMML_FORMAT = 7, /* a file or text that is damaged, of another version, or of another model */
    CMML_BUSY = 8,   /* another thread is using the predictor */
    CMML_OTHER = 9
} cmml_status;

/* What went wrong where there is no predictor yet to ask. */
typedef struct cmml_error {
    cmml_status status;
    char text[1024]; /* a sentence, ended by a zero; "" with CMML_OK */
} cmml_error;

/* The version of the library, such as "0.1.0". */
CMML_API const char *cmml_version(void);

/* --- models -------------------------------------------------------------------------------------
 */

/* A frozen model: weights, graph and catalogue. */
typedef struct cmml_model cmml_model;

/* Reads a model file that has a frozen graph (`cmml freeze`). error may be NULL. */
CMML_API cmml_status cmml_model_load(const char *path, cmml_model **model, cmml_error *error);

/* The same from the bytes of such a file, which are no longer needed afterwards. */
CMML_API cmml_status cmml_model_load_memory(const void *bytes, size_t size, cmml_model **model,
                                            cmml_error *error);

/* One holder more; gives the model. Any thread may. */
CMML_API cmml_model *cmml_model_retain(cmml_model *model);

/* One holder less; the last one frees it. Predictors hold theirs. NULL is fine. */
CMML_API void cmml_model_release(cmml_model *model);

/* How many items there are. */
CMML_API int32_t cmml_model_items(const cmml_model *model);

/* The item of a raw id of `length` bytes; -1 if there is none. */
CMML_API int32_t cmml_model_find(const cmml_model *model, const char *id, size_t length);

/* The raw id of an item, *length bytes that are not ended by a zero and belong to the model; NULL
 * where there is no such item. */
CMML_API const char *cmml_model_id(const cmml_model *model, int32_t item, size_t *length);

/* 2 of a model that predicts ratings by one part and makes lists by another, else 1. */
CMML_API int32_t cmml_model_parts(const cmml_model *model);

/* Whether it can choose candidates by estimates of their scores, of which alone lists are then made
 * (frozen with `retrieval`): 1, else 0. */
CMML_API int32_t cmml_model_retrieves(const cmml_model *model);

/* --- predictors ---------------------------------------------------------------------------------
 */

/* What runs a model, in memory of its own. */
typedef struct cmml_predictor cmml_predictor;

/* What a predictor must be able to do. A field that is 0 has its default. */
typedef struct cmml_limits {
    size_t size; /* sizeof(cmml_limits): a smaller one is of an earlier version, whose missing */
                 /* fields are 0; a larger one of a later version, and refused unless what */
                 /* stands behind these fields is 0 */
    int32_t support;    /* interactions of a context; default 256 */
    int32_t list;       /* items of a list; default 100 */
    int32_t block;      /* items that are scored at once; default 512 */
    size_t memory;      /* bytes that runs may take, and a context; default 1073741824 (1 GB) */
    int32_t candidates; /* items that may be chosen to be scored; default 1000 */
    int32_t users;      /* people whose lists may be made at once; default 1 */
} cmml_limits;

/* A predictor; limits and error may be NULL. */
CMML_API cmml_status cmml_predictor_new(cmml_model *model, const cmml_limits *limits,
                                        cmml_predictor **predictor, cmml_error *error);

/* Frees it, or, while it has contexts, leaves that to the last of them. It takes no turn: not to be
 * called beside another call of it or of its contexts. NULL is fine. */
CMML_API void cmml_predictor_free(cmml_predictor *predictor);

/* Why the last call of the predictor or of a context of it gave what it did: a sentence, "" after
 * CMML_OK. Valid until the next call; for the thread that has the predictor, as its contexts are:
 * not to be asked after CMML_BUSY. */
CMML_API const char *cmml_predictor_error(const cmml_predictor *predictor);

/* The bytes that it takes, without the model. */
CMML_API size_t cmml_predictor_bytes(const cmml_predictor *predictor);

/* --- contexts -----------------------------------------------------------------------------------
 */

/* What is known of one person. */
typedef struct cmml_context cmml_context;

/* A context of which nothing is known: scores are those for anyone. */
CMML_API cmml_status cmml_context_new(cmml_predictor *predictor, cmml_context **context);

/* Another that knows the same. */
CMML_API cmml_status cmml_context_fork(cmml_context *context, cmml_context **fork);

/* Frees it, which takes no turn: not to be called beside another call of its predictor. NULL is
 * fine. */
CMML_API void cmml_context_free(cmml_context *context);

/* Takes an interaction: an item and a label, such as a rating on the scale that the model was
 * trained on, or 1. Of an item that was observed before the label is replaced; a model of sequences
 * takes it as one more interaction, behind all others, and reads no label: give 1. */
CMML_API cmml_status cmml_observe(cmml_context *context, int32_t item, float label);

/* Forgets an item, as often as it is there. One that was not observed is fine. */
CMML_API cmml_status cmml_forget(cmml_context *context, int32_t item);

/* Forgets everything. */
CMML_API cmml_status cmml_clear(cmml_context *context);

/* How many interactions it has. */
CMML_API int32_t cmml_context_size(const cmml_context *context);

/* The interactions in the order in which their items came first, of a model of sequences in that in
 * which they came, as many as cmml_context_size says; items and labels have `room` places, and
 * fewer than that are refused. */
CMML_API cmml_status cmml_context_support(cmml_context *context, int32_t *items, float *labels,
                                          size_t room);

/* Scores of n items: predicted ratings, of a model that predicts such, neither clipped nor rounded.
 * Of a model with two parts those of the first. Of none (n = 0) that part adapts to what was
 * observed, which else the next call would do. */
CMML_API cmml_status cmml_score(cmml_context *context, const int32_t *items, size_t n,
                                float *scores);

/* What a list is to be of. Fields that are 0 mean nothing special. */
typedef struct cmml_query {
    size_t size;            /* sizeof(cmml_query), as of cmml_limits */
    int32_t n;              /* how many items: at least 1, at most the limit `list` */
    const int32_t *exclude; /* items that are not to be in it, */
    size_t n_exclude;       /* and how many */
    const uint8_t
        *allowed; /* for each item of the catalogue whether it may be in it; NULL: all may */
    int32_t with_support; /* not 0: also items that were observed */
    int32_t reserved;     /* not read */
    int32_t candidates; /* not 0: score so many alone that are chosen by estimates, from n to the */
                        /* limit; the model must be able to (cmml_model_retrieves) */
} cmml_query;

/* The items with the highest scores, best first; of equal ones that which comes first in the
 * catalogue. items and scores have room for query->n; *found is how many there are. Of a model with
 * two parts the second makes the list, and the scores are its own. */
CMML_API cmml_status cmml_recommend(cmml_context *context, const cmml_query *query, int32_t *items,
                                    float *scores, int32_t *found);

/* The same for n contexts of one predictor: the list of context i begins at entry i * query->n of
 * items and scores, and has found[i] items. A model that scores the catalogue in one product makes
 * as many lists at once as the limit `users` allows, which takes little longer than one. After a
 * refusal some lists may have been written. */
CMML_API cmml_status cmml_recommend_each(cmml_context *const *contexts, size_t n,
                                         const cmml_query *query, int32_t *items, float *scores,
                                         int32_t *found);

/* The same in pieces: scores items for about `budget` microseconds, at least one block of them (of
 * a model that scores the catalogue in one product, such as EASE, all of them).
 * *done is not 0 when all were scored, and the list is there; else *found is 0, and the same call
 * goes on. An interaction or another query begins anew. */
CMML_API cmml_status cmml_recommend_some(cmml_context *context, const cmml_query *query,
                                         double budget, int32_t *items, float *scores,
                                         int32_t *found, int32_t *done);

/* The bytes that cmml_context_save needs, with the zero at the end. */
CMML_API size_t cmml_context_text(const cmml_context *context);

/* Writes the context as a short text of ASCII characters, ended by a zero, to be kept in any
 * database. */
CMML_API cmml_status cmml_context_save(cmml_context *context, char *text, size_t room);

/* Takes what cmml_context_save wrote with the same model, `length` bytes without the zero; what the
 * context knew before is forgotten, unless the text is refused. */
CMML_API cmml_status cmml_context_restore(cmml_context *context, const char *text, size_t length);

#ifdef __cplusplus
}
#endif

#endif
