/* host_calls.c - calls of <cmml.h> in any order, with right and wrong arguments, beside a model of
 * what contexts know: `host_calls SEED CALLS MODEL..` with files of frozen models. Each status must
 * be the one that the model says, each score finite or refused, each list sorted and without what
 * it must not have. Started by `make fuzz-hosts`, under the sanitizers. */
#include <cmml.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONTEXTS = 6, MOST = 12, LIST = 7, CANDIDATES = 11, GROUP = 9, TEXT = 64 + 16 * MOST };

/* What a context is known to know. */
typedef struct person {
    cmml_context *context;
    int32_t n, items[MOST];
    float labels[MOST];
    bool large; /* a label may have been too large for scores that are finite */
} person;

static uint64_t state;
static long calls;

static uint32_t draw(uint32_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32) % n;
}

#define MUST(what)                                                              \
    do {                                                                        \
        if (!(what)) {                                                          \
            fprintf(stderr, "call %ld, line %d: %s\n", calls, __LINE__, #what); \
            exit(1);                                                            \
        }                                                                       \
    } while (0)

static int32_t place_of(const person *p, int32_t item)
{
    int32_t at = 0;
    while (at < p->n && p->items[at] != item)
        at++;
    return at;
}

static int32_t any_item(int32_t n_items)
{
    static const int32_t odd[] = {-1, INT32_MIN, INT32_MAX};
    uint32_t how = draw(12);
    return how < 3 ? odd[how] : how == 3 ? n_items : (int32_t)draw((uint32_t)n_items);
}

static float any_label(void)
{
    static const float odd[] = {0, -0.0f, NAN, INFINITY, -INFINITY, 3e38f, -3e38f, 1e-45f};
    return draw(6) == 0 ? odd[draw(8)] : (float)draw(10) / 2;
}

static bool is_item(int32_t item, int32_t n_items)
{
    return item >= 0 && item < n_items;
}

static void observe(person *p, int32_t n_items, int32_t limit)
{
    int32_t item = any_item(n_items), at = place_of(p, item);
    float label = any_label();
    cmml_status expected = !is_item(item, n_items) ? CMML_UNKNOWN
                           : !isfinite(label)      ? CMML_NUMBER
                           : at == limit           ? CMML_LIMIT
                                                   : CMML_OK;
    MUST(cmml_observe(p->context, item, label) == expected);
    if (expected != CMML_OK)
        return;
    p->items[at] = item;
    p->labels[at] = label;
    p->n += at == p->n;
    p->large |= fabsf(label) > 1e6f;
}

static void forget(person *p, int32_t n_items)
{
    int32_t item = any_item(n_items), at = place_of(p, item);
    MUST(cmml_forget(p->context, item) == CMML_OK);
    if (at == p->n)
        return;
    p->n--;
    memmove(p->items + at, p->items + at + 1, sizeof *p->items * (size_t)(p->n - at));
    memmove(p->labels + at, p->labels + at + 1, sizeof *p->labels * (size_t)(p->n - at));
}

static void score(const person *p, int32_t n_items)
{
    int32_t items[20];
    float scores[20];
    size_t n = draw(21);
    bool known = true;
    for (size_t i = 0; i < n; i++) {
        items[i] = draw(30) == 0 ? any_item(n_items) : (int32_t)draw((uint32_t)n_items);
        known &= is_item(items[i], n_items);
    }
    cmml_status status = cmml_score(p->context, items, n, scores);
    MUST(status == (known ? CMML_OK : CMML_UNKNOWN) || (p->large && status == CMML_NUMBER));
    for (size_t i = 0; i < n && status == CMML_OK; i++)
        MUST(isfinite(scores[i]));
}

static bool is_in(int32_t item, const int32_t *list, size_t n)
{
    while (n > 0 && list[n - 1] != item)
        n--;
    return n > 0;
}

/* What a list is asked to be of, and the status that it must have. */
typedef struct question {
    cmml_query query;
    cmml_status expected;
    int32_t exclude[5];
    uint8_t *allowed; /* to be freed */
} question;

static cmml_status expected_of(const cmml_query *query, bool known, bool retrieves)
{
    if (query->n < 1)
        return CMML_ARGUMENT;
    if (query->n > LIST)
        return CMML_LIMIT;
    if (!known)
        return CMML_UNKNOWN;
    if (query->candidates != 0 && (!retrieves || query->candidates < query->n))
        return CMML_ARGUMENT;
    return query->candidates > CANDIDATES ? CMML_LIMIT : CMML_OK;
}

static void ask(question *q, int32_t n_items, bool retrieves)
{
    memset(q, 0, sizeof *q);
    q->allowed = draw(3) == 0 ? (uint8_t *)malloc((size_t)n_items) : NULL;
    q->query.size = sizeof q->query;
    q->query.n = draw(10) == 0 ? (int32_t)draw(3) * 100 - 100 : 1 + (int32_t)draw(LIST);
    q->query.exclude = q->exclude;
    q->query.n_exclude = draw(6);
    q->query.allowed = q->allowed;
    q->query.with_support = (int32_t)draw(2);
    q->query.candidates = draw(2) ? 0 : (int32_t)draw(CANDIDATES + 4) - 1;
    bool known = true;
    for (size_t i = 0; i < q->query.n_exclude; i++) {
        q->exclude[i] = draw(30) == 0 ? any_item(n_items) : (int32_t)draw((uint32_t)n_items);
        known &= is_item(q->exclude[i], n_items);
    }
    for (int32_t i = 0; q->allowed && i < n_items; i++)
        q->allowed[i] = (uint8_t)draw(2);
    q->expected = expected_of(&q->query, known, retrieves);
}

/* Whether a list is one that there may be. */
static void check_list(const person *p, const question *q, const int32_t *items,
                       const float *scores, int32_t found, int32_t n_items)
{
    const cmml_query *query = &q->query;
    int32_t most = 0; /* how many there can be */
    for (int32_t item = 0; item < n_items; item++)
        most += (!q->allowed || q->allowed[item]) && !is_in(item, q->exclude, query->n_exclude) &&
                (query->with_support || place_of(p, item) == p->n);
    for (int32_t i = 0; i < found; i++) {
        MUST(is_item(items[i], n_items) && isfinite(scores[i]));
        MUST(!is_in(items[i], q->exclude, query->n_exclude) && !is_in(items[i], items, (size_t)i));
        MUST(!q->allowed || q->allowed[items[i]]);
        MUST(query->with_support || place_of(p, items[i]) == p->n);
        MUST(i == 0 || scores[i - 1] > scores[i] ||
             (scores[i - 1] == scores[i] && items[i - 1] < items[i]));
    }
    /* `unlisted` is not in models */
    MUST(found <= most && (found == query->n || found == most));
}

/* A list at once, or in pieces; the same query again must give the same. */
static void recommend(const person *p, int32_t n_items, bool retrieves)
{
    int32_t items[LIST], again[LIST], found = -1, second, done = 0;
    float scores[LIST], others[LIST];
    question q;
    ask(&q, n_items, retrieves);
    cmml_status status;
    do
        status = cmml_recommend_some(p->context, &q.query, draw(2) ? 0 : draw(50), items, scores,
                                     &found, &done);
    while (status == CMML_OK && !done);
    MUST(status == q.expected || (p->large && status == CMML_NUMBER));
    MUST(status == CMML_OK || (found == 0 && !done));
    if (status == CMML_OK) {
        check_list(p, &q, items, scores, found, n_items);
        MUST(cmml_recommend(p->context, &q.query, again, others, &second) == CMML_OK);
        MUST(second == found && memcmp(items, again, sizeof *items * (size_t)found) == 0);
    }
    free(q.allowed);
}

/* Lists for several people, of whom one may be there twice. */
static void recommend_each(const person *people, int32_t n_items, bool retrieves)
{
    int32_t items[GROUP * LIST], found[GROUP];
    float scores[GROUP * LIST];
    const person *chosen[GROUP];
    cmml_context *contexts[GROUP];
    size_t n = 0, wanted = draw(GROUP + 1);
    bool large = false;
    for (int tries = 0; n < wanted && tries < 20; tries++) {
        const person *p = &people[draw(CONTEXTS)];
        if (!p->context)
            continue;
        chosen[n] = p;
        large |= p->large;
        contexts[n++] = p->context;
    }
    question q;
    ask(&q, n_items, retrieves);
    cmml_status status = cmml_recommend_each(contexts, n, &q.query, items, scores, found);
    MUST(n == 0 ? status == CMML_OK : status == q.expected || (large && status == CMML_NUMBER));
    for (size_t i = 0; i < n && status == CMML_OK; i++) {
        size_t at = i * (size_t)q.query.n;
        check_list(chosen[i], &q, items + at, scores + at, found[i], n_items);
    }
    free(q.allowed);
}

/* Saves a context and restores another from it, from a part of it, or from a changed text. */
static void keep(const person *from, person *to)
{
    char text[TEXT];
    size_t need = cmml_context_text(from->context), room = draw(3) ? sizeof text : draw(TEXT);
    cmml_status status = cmml_context_save(from->context, text, room);
    MUST(status == (room >= need ? CMML_OK : CMML_LIMIT));
    if (status != CMML_OK)
        return;
    MUST(strlen(text) == need - 1);
    if (draw(2)) {
        MUST(cmml_context_restore(to->context, text, need - 1) == CMML_OK);
        person copy = *from;
        copy.context = to->context;
        *to = copy;
    } else if (draw(2)) {
        size_t at = draw((uint32_t)need - 1);
        text[at] = (char)(text[at] + 1 + (char)draw(200));
        status = cmml_context_restore(to->context, text, need - 1);
        MUST(status == CMML_FORMAT);
    } else {
        MUST(cmml_context_restore(to->context, text, draw((uint32_t)need - 1)) == CMML_FORMAT);
    }
}

static void check_support(const person *p)
{
    int32_t items[MOST];
    float labels[MOST];
    size_t room = draw(MOST + 1);
    MUST(cmml_context_size(p->context) == p->n);
    cmml_status status = cmml_context_support(p->context, items, labels, room);
    MUST(status == (room < (size_t)p->n ? CMML_LIMIT : CMML_OK));
    for (int32_t i = 0; status == CMML_OK && i < p->n; i++)
        MUST(items[i] == p->items[i] && memcmp(&labels[i], &p->labels[i], sizeof *labels) == 0);
}

static void run(const char *path, long count)
{
    cmml_error error;
    cmml_model *model = NULL;
    cmml_predictor *predictor = NULL;
    person people[CONTEXTS];
    cmml_limits limits;
    memset(&limits, 0, sizeof limits);
    memset(people, 0, sizeof people);
    limits.size = sizeof limits;
    limits.support = 1 + (int32_t)draw(MOST);
    limits.list = LIST;
    limits.block = 1 + (int32_t)draw(40);
    limits.candidates = CANDIDATES;
    limits.users = 1 + (int32_t)draw(4);
    if (cmml_model_load(path, &model, &error) != CMML_OK ||
        cmml_predictor_new(model, &limits, &predictor, &error) != CMML_OK) {
        fprintf(stderr, "%s\n", error.text);
        exit(2);
    }
    int32_t n_items = cmml_model_items(model);
    bool retrieves = cmml_model_retrieves(model);
    cmml_model_release(model);
    for (long i = 0; i < count; i++, calls++) {
        person *p = &people[draw(CONTEXTS)], *other = &people[draw(CONTEXTS)];
        if (!p->context) {
            memset(p, 0, sizeof *p);
            if (other->context && draw(2)) {
                cmml_context *fork;
                MUST(cmml_context_fork(other->context, &fork) == CMML_OK);
                *p = *other;
                p->context = fork;
            } else {
                MUST(cmml_context_new(predictor, &p->context) == CMML_OK);
            }
        }
        switch (draw(12)) {
        case 0:
            forget(p, n_items);
            break;
        case 1:
            if (draw(4) == 0) {
                MUST(cmml_clear(p->context) == CMML_OK);
                p->n = 0;
                p->large = false;
            }
            break;
        case 2:
        case 3:
            score(p, n_items);
            break;
        case 4:
            recommend(p, n_items, retrieves);
            break;
        case 5:
            recommend_each(people, n_items, retrieves);
            break;
        case 6:
            if (other->context)
                keep(p, other);
            break;
        case 7:
            if (draw(5) == 0) {
                cmml_context_free(p->context);
                p->context = NULL;
            }
            break;
        default:
            observe(p, n_items, limits.support);
        }
        if (p->context)
            check_support(p);
    }
    for (int i = 0; i < CONTEXTS; i++)
        cmml_context_free(people[i].context);
    cmml_predictor_free(predictor);
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: %s SEED CALLS MODEL..\n", argv[0]);
        return 2;
    }
    state = strtoull(argv[1], NULL, 10) * UINT64_C(0x9E3779B97F4A7C15) + 1;
    long left = atol(argv[2]);
    while (calls < left)
        run(argv[3 + draw((uint32_t)argc - 3)], 200);
    printf("%ld calls went as they were to go\n", calls);
    return 0;
}
