/* frozen_arrays.c - constants and catalogue of a frozen model. */
#include "base/hash.h"
#include "predict/frozen_parts.h"
#include <string.h>

bool cm_opening_bad(const cm_opening *o, const char *text)
{
    return cm_refuse(o->cx, CM_ERR_FORMAT, "%s: the frozen graph: %s", o->what, text);
}

uint32_t cm_opening_member(const cm_opening *o, uint32_t at, const char *key, cm_json_type type)
{
    bool is_object = cm_json_type_of(o->doc, at) == CM_JSON_OBJECT;
    uint32_t found = is_object ? cm_json_find(o->doc, at, key) : 0;
    return found && cm_json_type_of(o->doc, found) == type ? found : 0;
}

/* --- arrays -------------------------------------------------------------------------------------
 */

const cm_archive_entry *cm_opening_entry(const cm_opening *o, const char *name)
{
    for (size_t i = 0; i < cm_archive_count(o->archive); i++) {
        const cm_archive_entry *entry = cm_archive_at(o->archive, i);
        if (strcmp(entry->name.text, name) == 0 && strlen(name) == entry->name.len)
            return entry;
    }
    return NULL;
}

/* The integers of an array, to be freed; NULL after a refusal. */
int64_t *cm_opening_integers(const cm_opening *o, const cm_archive_entry *entry)
{
    if (!entry || entry->ndim != 1 || (entry->dtype != CM_I32 && entry->dtype != CM_I64))
        return cm_fail(o->cx, CM_ERR_FORMAT, "%s: an array of integers is missing", o->what);
    int64_t *wide = cm_alloc_array(o->cx, (size_t)CM_MAX(entry->count, 1), sizeof *wide);
    if (!wide)
        return NULL;
    if (!cm_archive_copy(o->cx, o->archive, entry, wide)) {
        cm_free(o->cx, wide);
        return NULL;
    }
    if (entry->dtype == CM_I32)
        for (int64_t i = entry->count - 1; i >= 0; i--) {
            int32_t narrow;
            memcpy(&narrow, (char *)wide + (size_t)i * sizeof narrow, sizeof narrow);
            wide[i] = narrow;
        }
    return wide;
}

/* Ids from integers from 1, or offsets from lengths. */
static bool read_list(const cm_opening *o, const cm_archive_entry *entry, cm_constant *c)
{
    int64_t *wide = cm_opening_integers(o, entry), sum = 0;
    if (!wide)
        return false;
    bool ids = c->kind == 'I', ok = true;
    c->count = entry->count + !ids;
    c->list = cm_alloc_array(o->cx, (size_t)CM_MAX(c->count, 1), sizeof *c->list);
    if (c->list && !ids)
        c->list[0] = 0;
    for (int64_t i = 0; ok && c->list && i < entry->count; i++) {
        ok = wide[i] >= 0 && wide[i] <= INT32_MAX;
        sum += ok ? wide[i] : 0;
        ok = ok && (ids || sum <= INT32_MAX);
        if (ok)
            c->list[i + !ids] = (int32_t)(ids ? wide[i] - 1 : sum);
    }
    cm_free(o->cx, wide);
    if (!ok)
        return cm_opening_bad(o, "a list has a number that is no row and no length");
    cm_ids whole = {.count = c->count, .values = c->list};
    if (c->list)
        cm_ids_seal(&whole);
    c->least = whole.least;
    c->limit = whole.limit;
    return c->list != NULL;
}

/* Looks at what a constant is, and where its numbers are. */
static bool read_constant(const cm_opening *o, uint32_t at, cm_constant *c,
                          const cm_archive_entry **entry)
{
    uint32_t name = cm_json_first(at);
    int64_t count;
    if (cm_json_type_of(o->doc, at) != CM_JSON_ARRAY || cm_json_count(o->doc, at) != 2 ||
        cm_json_type_of(o->doc, name) != CM_JSON_STRING ||
        cm_json_type_of(o->doc, cm_json_after(o->doc, name)) != CM_JSON_STRING)
        return cm_opening_bad(o, "a constant must have a name and a kind");
    cm_text text = cm_json_text(o->doc, cm_json_after(o->doc, name));
    *entry = cm_opening_entry(o, cm_json_text(o->doc, name).text);
    if (!*entry || text.len != 1 || !strchr("tIS", text.text[0]))
        return cm_opening_bad(o, "it names an array that the file does not have");
    c->kind = text.text[0];
    if (c->kind != 't')
        return true;
    if ((*entry)->dtype > CM_BF16)
        return cm_opening_bad(o, "a tensor has a dtype whose numbers are not read");
    c->shape.ndim = (*entry)->ndim;
    memcpy(c->shape.dims, (*entry)->shape, sizeof(*entry)->shape);
    c->count = (*entry)->count;
    return cm_shape_count(o->cx, &c->shape, &count);
}

/* Numbers of a tensor in the block of all, each aligned like a block. */
static size_t room_of(const cm_constant *c)
{
    const size_t each = CM_ALIGN / sizeof *c->numbers;
    return c->kind == 't' ? ((size_t)c->count + each - 1) / each * each : 0;
}

/* Reads the numbers of all constants: of tensors into one block, which large pages hold. */
static bool read_numbers(const cm_opening *o, const cm_archive_entry *const *entries)
{
    cm_frozen *m = o->m;
    size_t all = 0, most = SIZE_MAX / sizeof *m->weights;
    for (uint32_t k = 0; k < m->n_constants; k++)
        all = room_of(&m->constants[k]) < most - all ? all + room_of(&m->constants[k]) : most;
    cm_real *at = m->weights = cm_alloc_array(o->cx, CM_MAX(all, 1), sizeof *m->weights);
    bool ok = at != NULL;
    for (uint32_t k = 0; ok && k < m->n_constants; k++) {
        cm_constant *c = &m->constants[k];
        c->numbers = at;
        at += room_of(c);
        ok = c->kind == 't' ? cm_archive_copy_real(o->cx, o->archive, entries[k], c->numbers)
                            : read_list(o, entries[k], c);
    }
    return ok;
}

bool cm_opening_constants(const cm_opening *o)
{
    cm_frozen *m = o->m;
    uint32_t list = cm_opening_member(o, 0, "constants", CM_JSON_ARRAY),
             n = list ? cm_json_count(o->doc, list) : 0;
    if (!list)
        return cm_opening_bad(o, "it has no constants");
    m->constants = cm_calloc(o->cx, CM_MAX(n, 1), sizeof *m->constants);
    m->kinds = cm_calloc(o->cx, CM_MAX(n, 1), sizeof *m->kinds);
    const cm_archive_entry **entries = cm_calloc(o->cx, CM_MAX(n, 1), sizeof(void *));
    bool ok = m->constants && m->kinds && entries;
    m->n_constants = ok ? n : 0;
    uint32_t at = cm_json_first(list);
    for (uint32_t k = 0; ok && k < n; k++, at = cm_json_after(o->doc, at)) {
        ok = read_constant(o, at, &m->constants[k], &entries[k]);
        m->kinds[k] = m->constants[k].kind;
    }
    ok = ok && read_numbers(o, entries);
    cm_free(o->cx, entries);
    return ok;
}

/* --- catalogue ----------------------------------------------------------------------------------
 */

/* How far from its slot an id may lie: honest ones, in a table that is half empty, lie at most some
 * dozens away; of others finding each would take as long as reading all. */
enum { MOST_STEPS = 1000 };

static uint32_t slot_of(const cm_frozen *m, cm_text id)
{
    return (uint32_t)(cm_hash(CM_HASH_START, id.text, id.len) & (m->n_slots - 1));
}

cm_text cm_frozen_id(const cm_frozen *m, int32_t row)
{
    int64_t from = m->text_offset[row];
    return (cm_text){m->text + from, (size_t)(m->text_offset[row + 1] - from)};
}

static bool is_id(const cm_frozen *m, uint32_t row, cm_text id)
{
    cm_text own = cm_frozen_id(m, (int32_t)row);
    return own.len == id.len && memcmp(own.text, id.text, id.len) == 0;
}

int32_t cm_frozen_find(const cm_frozen *m, cm_text id)
{
    for (uint32_t slot = slot_of(m, id); m->slots[slot]; slot = (slot + 1) & (m->n_slots - 1))
        if (is_id(m, m->slots[slot] - 1, id))
            return (int32_t)m->slots[slot] - 1;
    return -1;
}

static bool index_ids(const cm_opening *o)
{
    cm_frozen *m = o->m;
    m->n_slots = 16;
    while (m->n_slots < 2 * (uint32_t)m->n_items)
        m->n_slots *= 2;
    m->slots = cm_calloc(o->cx, m->n_slots, sizeof *m->slots);
    for (int32_t row = 0; m->slots && row < m->n_items; row++) {
        cm_text id = cm_frozen_id(m, row);
        uint32_t slot = slot_of(m, id), steps = 0;
        for (; m->slots[slot]; slot = (slot + 1) & (m->n_slots - 1)) {
            if (is_id(m, m->slots[slot] - 1, id))
                return cm_opening_bad(o, "two items have the same id");
            if (++steps > MOST_STEPS)
                return cm_opening_bad(o, "its ids were chosen to make finding one slow");
        }
        m->slots[slot] = (uint32_t)row + 1;
    }
    return m->slots != NULL;
}

bool cm_opening_ids(const cm_opening *o)
{
    cm_frozen *m = o->m;
    const cm_archive_entry *bytes = cm_opening_entry(o, "catalogue.items.bytes");
    const cm_archive_entry *offsets = cm_opening_entry(o, "catalogue.items.offsets");
    if (!bytes || bytes->dtype != CM_U8 || !offsets || offsets->count < 1 ||
        offsets->count > INT32_MAX / 4)
        return cm_opening_bad(o, "the file has no ids of items");
    m->n_items = (int32_t)offsets->count - 1;
    m->text = cm_alloc(o->cx, bytes->bytes + 1);
    m->text_offset = cm_opening_integers(o, offsets);
    if (!m->text || !m->text_offset || !cm_archive_copy(o->cx, o->archive, bytes, m->text))
        return false;
    for (int32_t row = 0; row < m->n_items; row++)
        if (m->text_offset[row] < 0 || m->text_offset[row + 1] < m->text_offset[row])
            return cm_opening_bad(o, "the ids of items overlap");
    if (m->text_offset[m->n_items] > (int64_t)bytes->bytes)
        return cm_opening_bad(o, "the ids of items end beyond their bytes");
    return index_ids(o);
}

bool cm_opening_unlisted(const cm_opening *o)
{
    cm_frozen *m = o->m;
    uint32_t at = cm_json_find(o->doc, 0, "unlisted");
    int64_t k;
    if (!at)
        return true;
    if (!cm_json_integer(o->doc, at, &k) || k < 0 || k >= m->n_constants || m->kinds[k] != 'I' ||
        m->constants[k].least < 0 || m->constants[k].limit > m->n_items)
        return cm_opening_bad(o, "what is in no list is no list of items");
    m->unlisted = cm_calloc(o->cx, (size_t)m->n_items + 1, 1);
    for (int64_t i = 0; m->unlisted && i < m->constants[k].count; i++)
        m->unlisted[m->constants[k].list[i]] = 1;
    return m->unlisted != NULL;
}
