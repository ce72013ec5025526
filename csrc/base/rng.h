/* rng.h - counter-based random numbers (Philox 4x32-10; Salmon et al., "Parallel random numbers: as
 * easy as 1, 2, 3", SC 2011).
 *
 * A stream is a function of its key alone, never of what was drawn elsewhere: the same (seed,
 * epoch, task, stream) gives the same numbers whatever the batching, the order or the number of
 * threads. */
#ifndef CM_RNG_H
#define CM_RNG_H

#include "base/config.h"

/* What a stream is for; part of its key, so that two uses of one (seed, epoch, task) never share
 * numbers. */
typedef enum cm_rng_stream {
    CM_STREAM_USER,       /* numbers that a script draws by itself */
    CM_STREAM_INIT,       /* initial values of parameters */
    CM_STREAM_SPLIT,      /* which users are for training, validation and test */
    CM_STREAM_CAP,        /* which ratings a capped user keeps */
    CM_STREAM_DRAW,       /* support and query of a task */
    CM_STREAM_ORDER,      /* order of the tasks in an epoch */
    CM_STREAM_LABELS,     /* label permutations of the ablation */
    CM_STREAM_DROPOUT,    /* dropout masks */
    CM_STREAM_PAIRS,      /* pairs that BPR compares */
    CM_STREAM_SAMPLES,    /* resamples of tasks and seeds in a bootstrap */
    CM_STREAM_HELD_OUT,   /* interactions that are held out */
    CM_STREAM_SCENARIO,   /* support and query of a scenario */
    CM_STREAM_JUDGES,     /* the users that a scenario is evaluated on */
    CM_STREAM_CLUSTERS,   /* initial centres of k-means */
    CM_STREAM_SHORT,      /* which supports are cut, and to what length */
    CM_STREAM_LATENT,     /* latent variables of a task */
    CM_STREAM_SOURCE,     /* items of the source domain beside rows of the target domain */
    CM_STREAM_INNER,      /* mini-batches of a support, and when to stop stepping on it */
    CM_STREAM_CANDIDATES, /* items to be ranked beside the relevant ones */
    CM_STREAM_REPLACED,   /* occurrences of items that take a generated vector */
    CM_STREAM_LAST = CM_STREAM_REPLACED
} cm_rng_stream;

typedef struct cm_rng {
    uint32_t key[2];
    uint32_t counter[4];
    uint32_t block[4]; /* random numbers of the current counter */
    int used;          /* how many of them are used */
} cm_rng;

/* A new stream for a key. */
cm_rng cm_rng_keyed(uint64_t seed, uint32_t epoch, uint32_t task, cm_rng_stream stream);

/* The next 32 random bits. */
uint32_t cm_rng_next(cm_rng *rng);

/* Uniform in [0, n), without bias; n > 0. */
uint32_t cm_rng_below(cm_rng *rng, uint32_t n);

/* Uniform in [0, 1) with 53 bits. */
double cm_rng_uniform(cm_rng *rng);

/* Standard normal (Box-Muller, one of the pair). */
double cm_rng_normal(cm_rng *rng);

/* Puts a uniformly random sample without replacement of the n entries of `index` into its entries
 * [0, take) (Fisher-Yates, stopped after `take`). */
void cm_rng_choose(cm_rng *rng, int32_t *index, int32_t n, int32_t take);

#endif
