/* context_text.c - contexts as text.
 *
 * "cmml1.", the hash of the model, for each interaction its item and the bits of its label as a
 * float, and a check sum, all in hexadecimal digits. */
#include "base/hash.h"
#include "predict/context_parts.h"
#include <string.h>

/* --- as text ------------------------------------------------------------------------------------
 */

enum { HEAD = 6, HASH_DIGITS = 16, EACH = 16, SUM = 8 };

static const char digits[] = "0123456789abcdef";

static char *write_hex(char *at, uint64_t value, int n)
{
    for (int i = n - 1; i >= 0; i--, value >>= 4)
        at[i] = digits[value & 15];
    return at + n;
}

static bool read_hex(const char **at, int n, uint64_t *value)
{
    *value = 0;
    for (int i = 0; i < n; i++, (*at)++) {
        const char *digit = **at ? strchr(digits, **at) : NULL;
        if (!digit)
            return false;
        *value = *value << 4 | (uint64_t)(digit - digits);
    }
    return true;
}

size_t cm_context_text_bytes(const cm_context *c)
{
    return HEAD + HASH_DIGITS + (size_t)c->n * EACH + SUM + 1;
}

bool cm_context_save(cm_context *c, char *text, size_t room, size_t *used)
{
    cm_predictor_reset(c->p);
    *used = cm_context_text_bytes(c) - 1;
    if (room < *used + 1)
        return cm_refuse(&c->p->cx, CM_ERR_LIMIT,
                         "a context of %d interactions takes %zu bytes as "
                         "text, and one for the end; there is room for %zu",
                         c->n, *used, room);
    char *at = text;
    memcpy(at, "cmml1.", HEAD);
    at = write_hex(at + HEAD, c->p->model->hash, HASH_DIGITS);
    for (int32_t i = 0; i < c->n; i++) {
        uint32_t bits;
        float label = (float)c->labels[i];
        memcpy(&bits, &label, sizeof bits);
        at = write_hex(at, (uint32_t)c->items[i], 8);
        at = write_hex(at, bits, 8);
    }
    at = write_hex(at, cm_hash(CM_HASH_START, text, (size_t)(at - text)) & UINT32_MAX, SUM);
    *at = 0;
    return true;
}

static bool bad_text(cm_context *c, const char *text)
{
    return cm_refuse(&c->p->cx, CM_ERR_FORMAT, "the text of a context %s", text);
}

/* Reads the item and the label of an interaction. */
static bool read_entry(cm_context *c, const char **at, int32_t *item, float *label)
{
    uint64_t row, bits;
    if (!read_hex(at, 8, &row) || !read_hex(at, 8, &bits) || row > INT32_MAX)
        return bad_text(c, "is damaged");
    uint32_t narrow = (uint32_t)bits;
    memcpy(label, &narrow, sizeof *label);
    *item = (int32_t)row;
    return cm_context_check_item(c, *item) && cm_context_check_label(c, (double)*label);
}

/* Whether the text has n interactions, of different items unless supports are sequences. */
static bool check_entries(cm_context *c, const char *at, int64_t n)
{
    uint8_t *seen = c->p->out; /* 0 of all items between calls */
    const char *next = at;
    int64_t read = 0;
    int32_t item;
    float label;
    bool ok = true;
    for (; ok && read < n; read += ok) {
        ok = read_entry(c, &next, &item, &label) &&
             (!seen[item] || c->p->model->is_ordered ||
              bad_text(c, "is damaged: it has an item twice"));
        if (ok)
            seen[item] = 1;
    }
    for (; read > 0 && read_entry(c, &at, &item, &label); read--)
        seen[item] = 0;
    return ok;
}

bool cm_context_restore(cm_context *c, const char *text, size_t len)
{
    cm_predictor_reset(c->p);
    const size_t least = HEAD + HASH_DIGITS + SUM;
    uint64_t value, hash;
    if (len < HEAD || memcmp(text, "cmml", 4) != 0)
        return bad_text(c, "is none");
    if (memcmp(text, "cmml1.", HEAD) != 0)
        return bad_text(c, "is of another version");
    if (len < least || (len - least) % EACH != 0)
        return bad_text(c, "is damaged");
    const char *at = text + len - SUM;
    if (!read_hex(&at, SUM, &value) ||
        value != (cm_hash(CM_HASH_START, text, len - SUM) & UINT32_MAX))
        return bad_text(c, "is damaged");
    at = text + HEAD;
    if (!read_hex(&at, HASH_DIGITS, &hash) || hash != c->p->model->hash)
        return bad_text(c, "is of another model");
    size_t n = (len - least) / EACH;
    if (n > (size_t)c->p->limits.support)
        return cm_refuse(&c->p->cx, CM_ERR_LIMIT,
                         "a context of %zu interactions; the predictor was "
                         "made with the limit support = %d",
                         n, c->p->limits.support);
    if (!check_entries(c, at, (int64_t)n)) /* what is wrong changes nothing */
        return false;
    for (size_t i = 0; i < n; i++) {
        float label;
        if (!read_entry(c, &at, &c->items[i], &label))
            return false;
        c->labels[i] = (cm_real)label;
    }
    c->n = (int32_t)n;
    cm_context_changed(c, false);
    return true;
}
