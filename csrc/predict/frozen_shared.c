/* frozen_shared.c - see frozen_shared.h. */
#include "predict/frozen_shared.h"
#include "base/hash.h"
#include "base/input.h"
#include "base/sys.h"
#include <pthread.h>

/* What a model is known by: its file, and a hash over the header, where a hash over all that the
 * graph computes with stands. Times of files are too coarse to tell one from its successor. */
typedef struct identity {
    cm_file_id file;
    uint64_t header;
} identity;

typedef struct shared {
    identity id;
    cm_frozen *model;
    struct shared *next;
} shared;

/* Models of which somebody may ask for another holder. A model that its last holder gives back is
 * taken out before it is freed; until then nobody can become one. */
static pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER;
static shared *shared_models;

/* The hash over the length and the text of the header; false where there is none. */
static bool hash_header(cm_ctx *cx, const cm_input *input, uint64_t *hash)
{
    unsigned char piece[4096];
    uint64_t left = 0, at = 8;
    if (!cm_input_at(cx, input, 0, piece, 8))
        return false;
    for (int i = 7; i >= 0; i--)
        left = left << 8 | piece[i];
    *hash = cm_hash(CM_HASH_START, piece, 8);
    if (left > CM_ARCHIVE_HEADER || left > input->size)
        return false;
    for (size_t n; left > 0; left -= n, at += n) {
        n = (size_t)CM_MIN(left, sizeof piece);
        if (!cm_input_at(cx, input, at, piece, n))
            return false;
        *hash = cm_hash(*hash, piece, n);
    }
    return true;
}

static bool identify(const char *path, identity *id)
{
    cm_ctx cx; /* what goes wrong here is told by who opens the file */
    cm_input input;
    cm_ctx_open(&cx);
    bool known = cm_sys_file_id(path, &id->file) && cm_input_open(&cx, &input, path, false);
    if (known) {
        known = hash_header(&cx, &input, &id->header);
        cm_input_close(&input);
    }
    cm_ctx_close(&cx);
    return known;
}

static bool is_same(const identity *a, const identity *b)
{
    return a->header == b->header && cm_file_id_equal(&a->file, &b->file);
}

static cm_frozen *find(const identity *id)
{
    cm_frozen *found = NULL;
    pthread_mutex_lock(&shared_lock);
    for (shared *s = shared_models; s && !found; s = s->next)
        if (is_same(&s->id, id) && cm_frozen_try_retain(s->model))
            found = s->model;
    pthread_mutex_unlock(&shared_lock);
    return found;
}

static void forget(cm_frozen *model)
{
    pthread_mutex_lock(&shared_lock);
    shared **at = &shared_models;
    while (*at && (*at)->model != model)
        at = &(*at)->next;
    shared *entry = *at;
    if (entry)
        *at = entry->next;
    pthread_mutex_unlock(&shared_lock);
    cm_block_free(entry);
}

cm_frozen *cm_frozen_share(cm_ctx *cx, const char *path)
{
    identity id, after;
    bool known = identify(path, &id);
    cm_frozen *model = known ? find(&id) : NULL;
    if (model)
        return model;
    model = cm_frozen_open(cx, path);
    /* One that was changed meanwhile is of neither file for certain; and without memory for the
     * entry it is not shared, which costs no more than that. */
    if (!model || !known || !identify(path, &after) || !is_same(&id, &after))
        return model;
    shared *entry = cm_block_alloc(1, sizeof *entry);
    if (!entry)
        return model;
    *entry = (shared){.id = id, .model = model};
    cm_frozen_when_over(model, forget);
    pthread_mutex_lock(&shared_lock);
    entry->next = shared_models;
    shared_models = entry;
    pthread_mutex_unlock(&shared_lock);
    return model;
}
