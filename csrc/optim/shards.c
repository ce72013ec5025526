/* shards.c - see shards.h. */
#include "optim/shards.h"
#include <string.h>

bool cm_shards_open(cm_ctx *cx, cm_shards *s, int64_t count)
{
    *s = (cm_shards){.count = count, .kernels = cm_kernels_of(cx)};
    s->total = cm_alloc(cx, (size_t)count * sizeof(cm_real));
    if (!s->total)
        return false;
    if (pthread_mutex_init(&s->lock, NULL) == 0) {
        if (pthread_cond_init(&s->moved, NULL) == 0)
            return true;
        pthread_mutex_destroy(&s->lock);
    }
    cm_free(cx, s->total);
    s->total = NULL;
    return cm_refuse(cx, CM_ERR_NO_MEMORY,
                     "the system cannot create a lock for the threads of a team");
}

void cm_shards_close(cm_ctx *cx, cm_shards *s)
{
    if (!s->total)
        return;
    pthread_cond_destroy(&s->moved);
    pthread_mutex_destroy(&s->lock);
    cm_free(cx, s->total);
    s->total = NULL;
}

void cm_shards_begin(cm_shards *s)
{
    s->turn = 0;
    s->failed = false;
}

bool cm_shards_add(cm_shards *s, int64_t shard, cm_optim *from)
{
    pthread_mutex_lock(&s->lock);
    while (!s->failed && s->turn != shard)
        pthread_cond_wait(&s->moved, &s->lock);
    bool good = !s->failed;
    pthread_mutex_unlock(&s->lock);
    if (good) {
        if (shard == 0)
            memcpy(s->total, from->grad_block->data, (size_t)s->count * sizeof(cm_real));
        else
            s->kernels->axpy(s->count, s->total, 1, from->grad_block->data);
        pthread_mutex_lock(&s->lock);
        s->turn++;
        pthread_cond_broadcast(&s->moved);
        pthread_mutex_unlock(&s->lock);
    }
    cm_optim_clear(from);
    return good;
}

void cm_shards_fail(cm_shards *s)
{
    pthread_mutex_lock(&s->lock);
    s->failed = true;
    pthread_cond_broadcast(&s->moved);
    pthread_mutex_unlock(&s->lock);
}

void cm_shards_finish(const cm_shards *s, cm_optim *to)
{
    memcpy(to->grad_block->data, s->total, (size_t)s->count * sizeof(cm_real));
    to->grad_block->version++;
}
