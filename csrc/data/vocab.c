/* vocab.c - see vocab.h. Open addressing with linear probing, at most half full. */
#include "data/vocab.h"
#include <math.h>
#include <string.h>

/* A text of up to SHORT bytes is its key: it is found without a look at the texts. The key of a
 * longer one is a hash of it. */
#define SHORT    7
#define LONG_KEY (UINT64_C(0xFF) << 56) /* a short text has its length there */

typedef struct slot {
    uint64_t key;
    int32_t id; /* -1: free */
} slot;

struct cm_vocab {
    int32_t refs, count;
    char *bytes;
    int64_t *offsets; /* count + 1 */
    size_t bytes_capacity, offsets_capacity;
    slot *slots;
    size_t mask; /* slots - 1 */
    slot last;   /* what was added or found last: rows of a file often have the same id again */
};

#define FIRST_SLOTS 16

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool cm_id_text(cm_ctx *cx, cm_text raw, cm_text *id)
{
    while (raw.len > 0 && is_blank(*raw.text)) {
        raw.text++;
        raw.len--;
    }
    while (raw.len > 0 && is_blank(raw.text[raw.len - 1]))
        raw.len--;
    *id = raw;
    return raw.len > 0 || cm_refuse(cx, CM_ERR_ARGUMENT, "an id must not be empty");
}

bool cm_id_number(double number)
{
    return fabs(number) <= 9007199254740992.0 && number == floor(number);
}

static uint64_t mix(uint64_t h)
{
    h ^= h >> 32;
    h *= UINT64_C(0xD6E8FEB86659FD93);
    return h ^ h >> 32;
}

/* Hashes are seeded by the address, so that no file can be constructed whose texts all collide. Ids
 * follow the order of appearance and do not depend on it. */
static uint64_t key_of(const cm_vocab *v, cm_text text)
{
    uint64_t h = (uint64_t)(uintptr_t)v ^ (uint64_t)text.len * UINT64_C(0x9E3779B97F4A7C15), word;
    bool is_short = text.len <= SHORT;
    size_t len = text.len;
    for (; text.len >= sizeof word; text.text += sizeof word, text.len -= sizeof word) {
        memcpy(&word, text.text, sizeof word);
        h = mix(h ^ word);
    }
    word = 0;
    for (size_t i = 0; i < text.len; i++)
        word = word << 8 | (unsigned char)text.text[i];
    return is_short ? word | (uint64_t)len << 56 : mix(h ^ word) | LONG_KEY;
}

/* Where the search for a key begins. */
static size_t start_of(const cm_vocab *v, uint64_t key)
{
    return (size_t)mix(mix(key ^ (uint64_t)(uintptr_t)v)) & v->mask;
}

/* Whether the text with that key is text `id`, whose key is the same. */
static bool is_text(const cm_vocab *v, int32_t id, cm_text text)
{
    int64_t start = v->offsets[id];
    return text.len <= SHORT || ((size_t)(v->offsets[id + 1] - start) == text.len &&
                                 memcmp(v->bytes + start, text.text, text.len) == 0);
}

/* The slot that holds the text, or the free one where it belongs. */
static slot *probe(const cm_vocab *v, cm_text text, uint64_t key)
{
    for (size_t at = start_of(v, key);; at = (at + 1) & v->mask) {
        slot *s = &v->slots[at];
        if (s->id < 0 || (s->key == key && is_text(v, s->id, text)))
            return s;
    }
}

static void clear(slot *slots, size_t n)
{
    for (size_t i = 0; i < n; i++)
        slots[i] = (slot){.key = 0, .id = -1};
}

static void place(cm_vocab *v, uint64_t key, int32_t id)
{
    size_t at = start_of(v, key);
    while (v->slots[at].id >= 0)
        at = (at + 1) & v->mask;
    v->slots[at] = (slot){.key = key, .id = id};
}

static bool widen(cm_ctx *cx, cm_vocab *v)
{
    size_t n = v->mask + 1;
    slot *old = v->slots, *slots = n > SIZE_MAX / 2 / sizeof *slots
                                       ? cm_alloc(cx, SIZE_MAX)
                                       : cm_alloc(cx, 2 * n * sizeof *slots);
    if (!slots)
        return false;
    v->slots = slots;
    v->mask = 2 * n - 1;
    clear(slots, 2 * n);
    for (size_t i = 0; i < n; i++)
        if (old[i].id >= 0)
            place(v, old[i].key, old[i].id);
    cm_free(cx, old);
    return true;
}

cm_vocab *cm_vocab_new(cm_ctx *cx)
{
    cm_vocab *v = cm_calloc(cx, 1, sizeof *v);
    if (!v)
        return NULL;
    *v = (cm_vocab){.refs = 1,
                    .mask = FIRST_SLOTS - 1,
                    .last = {.id = -1},
                    .offsets_capacity = 16,
                    .bytes_capacity = 64};
    v->bytes = cm_alloc(cx, v->bytes_capacity);
    v->offsets = cm_calloc(cx, v->offsets_capacity, sizeof *v->offsets);
    v->slots = cm_alloc(cx, FIRST_SLOTS * sizeof *v->slots);
    if (!v->bytes || !v->offsets || !v->slots) {
        cm_vocab_release(cx, v);
        return NULL;
    }
    clear(v->slots, FIRST_SLOTS);
    return v;
}

void cm_vocab_retain(cm_vocab *v)
{
    v->refs++;
}

void cm_vocab_release(cm_ctx *cx, cm_vocab *v)
{
    if (!v || --v->refs > 0)
        return;
    cm_free(cx, v->bytes);
    cm_free(cx, v->offsets);
    cm_free(cx, v->slots);
    cm_free(cx, v);
}

int32_t cm_vocab_count(const cm_vocab *v)
{
    return v->count;
}

static bool append(cm_ctx *cx, cm_vocab *v, cm_text text)
{
    void *bytes = v->bytes, *offsets = v->offsets;
    size_t used = (size_t)v->offsets[v->count];
    if (text.len > SIZE_MAX / 2 - used)
        return cm_refuse(cx, CM_ERR_LIMIT, "a vocabulary of more than %zu bytes", SIZE_MAX / 2);
    if (!cm_grow(cx, &bytes, &v->bytes_capacity, used + text.len, 1))
        return false;
    v->bytes = bytes;
    if (!cm_grow(cx, &offsets, &v->offsets_capacity, (size_t)v->count + 2, sizeof *v->offsets))
        return false;
    v->offsets = offsets;
    memcpy(v->bytes + used, text.text, text.len);
    v->count++;
    v->offsets[v->count] = (int64_t)(used + text.len);
    return true;
}

int32_t cm_vocab_add(cm_ctx *cx, cm_vocab *v, cm_text text)
{
    uint64_t key = key_of(v, text);
    if (v->last.id >= 0 && v->last.key == key && is_text(v, v->last.id, text))
        return v->last.id;
    slot *s = probe(v, text, key);
    v->last = *s;
    char quoted[CM_QUOTE_BYTES];
    if (s->id >= 0)
        return s->id;
    if (cm_utf8_span(text.text, text.len) != text.len)
        cm_fail(cx, CM_ERR_ARGUMENT, "%s is not valid UTF-8", cm_text_quote(text, quoted));
    else if (v->count == INT32_MAX)
        cm_fail(cx, CM_ERR_LIMIT, "a vocabulary of more than %d texts", INT32_MAX);
    else if (((size_t)v->count + 1 <= v->mask / 2 || widen(cx, v)) && append(cx, v, text)) {
        v->last = (slot){key, v->count - 1};
        place(v, key, v->count - 1);
        return v->count - 1;
    }
    return -1;
}

int32_t cm_vocab_find(const cm_vocab *v, cm_text text)
{
    return probe(v, text, key_of(v, text))->id;
}

cm_text cm_vocab_text(const cm_vocab *v, int32_t id)
{
    return (cm_text){v->bytes + v->offsets[id], (size_t)(v->offsets[id + 1] - v->offsets[id])};
}

void cm_vocab_truncate(cm_vocab *v, int32_t count)
{
    if (count >= v->count)
        return;
    v->count = count;
    v->last.id = -1;
    clear(v->slots, v->mask + 1);
    for (int32_t id = 0; id < count; id++)
        place(v, key_of(v, cm_vocab_text(v, id)), id);
}

void cm_vocab_export(const cm_vocab *v, const char **bytes, size_t *n_bytes,
                     const int64_t **offsets)
{
    *bytes = v->bytes;
    *n_bytes = (size_t)v->offsets[v->count];
    *offsets = v->offsets;
}

static bool import_texts(cm_ctx *cx, cm_vocab *v, const char *bytes, size_t n_bytes,
                         const int64_t *offsets, size_t n_offsets)
{
    if (n_offsets == 0 || n_offsets - 1 > INT32_MAX || offsets[0] != 0)
        return cm_refuse(cx, CM_ERR_FORMAT, "a vocabulary needs offsets that begin with 0");
    for (size_t i = 0; i + 1 < n_offsets; i++) {
        int64_t from = offsets[i], to = offsets[i + 1];
        char quoted[CM_QUOTE_BYTES];
        if (to < from || (uint64_t)to > n_bytes)
            return cm_refuse(cx, CM_ERR_FORMAT,
                             "text %zu of a vocabulary has offsets %lld to %lld of %zu bytes",
                             i + 1, (long long)from, (long long)to, n_bytes);
        cm_text text = {bytes + from, (size_t)(to - from)};
        int32_t id = cm_vocab_add(cx, v, text);
        if (id < 0)
            return false;
        if ((size_t)id != i)
            return cm_refuse(cx, CM_ERR_FORMAT, "a vocabulary has the text %s twice",
                             cm_text_quote(text, quoted));
    }
    size_t used = (size_t)offsets[n_offsets - 1];
    return used == n_bytes ||
           cm_refuse(cx, CM_ERR_FORMAT, "the offsets of a vocabulary end at %zu of %zu bytes", used,
                     n_bytes);
}

cm_vocab *cm_vocab_import(cm_ctx *cx, const char *bytes, size_t n_bytes, const int64_t *offsets,
                          size_t n_offsets)
{
    cm_vocab *v = cm_vocab_new(cx);
    if (v && import_texts(cx, v, bytes, n_bytes, offsets, n_offsets))
        return v;
    cm_vocab_release(cx, v);
    return NULL;
}
