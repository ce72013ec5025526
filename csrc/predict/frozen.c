// clang-format off
/* frozen.c - see frozen.h.
 *
 * The metadata of a model file have a text `graph`, a JSON object:
 *
 *     version    1
 *     hash       16 hexadecimal digits of all that the graph computes with
 *     constants  [[entry, kind], ..]: which arrays of the file they are; lists are of integers
 *                from 1 (0: unknown), segments of lengths
 *     parts      [{"items", "adapt", "rows", "rest", "score", "all": programs as program_read.c has
 *                them; "tables": [["items.1", k], ..]: constants k whose rows are the items';
 *                "sums": [shape, ..] of what rows give; "joint": true, where all scores for
 *                several people at once; "retrieval": {"probes", "solve", "vectors"}, which are
 *                constants}, ..]
 *     unlisted   a constant: items that are in no list
 *     ordered    true, where supports are sequences: their order counts, and an item may be in them
 *                several times; without it, or false, each is in them once */
// clang-format on
#include "base/file.h"
#include "predict/frozen_parts.h"
#include <stdatomic.h>
#include <string.h>

enum { GRAPH_VERSION = 1 };

/* The most memory that a model may take, while it is read and after: some, so many times what the
 * bytes of its file take, and so much for each item. What a graph asks for beyond is refused. */
#define MOST_ANYWAY   ((size_t)64 << 20)
#define MOST_TIMES    16
#define MOST_FOR_ITEM ((size_t)16 << 10)

/* What holds a model: its number of holders stands in front of it. */
typedef struct holder {
    atomic_int holders;
    void (*when_over)(cm_frozen *model); /* NULL: nothing */
    cm_frozen model;
} holder;

/* Headers of the constants, which ops read. */
static cm_value *constants_of(const cm_opening *o)
{
    cm_frozen *m = o->m;
    size_t n = CM_MAX(m->n_constants, 1);
    cm_value *values = cm_calloc(o->cx, n, sizeof *values + CM_HEADER_BYTES);
    for (uint32_t k = 0; values && k < m->n_constants; k++)
        cm_constant_header(&m->constants[k], (char *)(values + n) + k * CM_HEADER_BYTES,
                           &values[k]);
    return values;
}

/* --- opening ------------------------------------------------------------------------------------
 */

static bool read_hash(const cm_opening *o)
{
    static const char digits[] = "0123456789abcdef";
    uint32_t at = cm_opening_member(o, 0, "hash", CM_JSON_STRING);
    cm_text text = at ? cm_json_text(o->doc, at) : (cm_text){"", 0};
    o->m->hash = 0;
    for (size_t i = 0; i < text.len && i < 16; i++) {
        const char *digit = text.text[i] ? strchr(digits, text.text[i]) : NULL;
        if (!digit)
            return cm_opening_bad(o, "its hash is no hexadecimal number");
        o->m->hash = o->m->hash << 4 | (uint64_t)(digit - digits);
    }
    return text.len == 16 || cm_opening_bad(o, "it has no hash");
}

static bool parse_graph(cm_opening *o)
{
    for (size_t i = 0; i < cm_archive_meta_count(o->archive); i++) {
        cm_text key, text;
        cm_archive_meta_at(o->archive, i, &key, &text);
        if (key.len == 5 && memcmp(key.text, "graph", 5) == 0) {
            o->doc = cm_json_parse(o->cx, text.text, text.len, (size_t)CM_ARCHIVE_HEADER, o->what);
            return o->doc != NULL;
        }
    }
    return cm_refuse(o->cx, CM_ERR_FORMAT,
                     "%s: has no frozen graph: make a file that has one with `cmml freeze`",
                     o->what);
}

static bool read_graph(const cm_opening *o)
{
    int64_t version;
    if (cm_json_type_of(o->doc, 0) != CM_JSON_OBJECT)
        return cm_opening_bad(o, "it is no object");
    uint32_t at = cm_json_find(o->doc, 0, "version"),
             list = cm_opening_member(o, 0, "parts", CM_JSON_ARRAY);
    if (!at || !cm_json_integer(o->doc, at, &version) || version != GRAPH_VERSION)
        return cm_opening_bad(o, "it is of a version that this library does not know");
    if (!list || cm_json_count(o->doc, list) < 1 || cm_json_count(o->doc, list) > CM_MOST_PARTS)
        return cm_opening_bad(o, "it must have one part or two");
    if (!read_hash(o) || !cm_opening_constants(o) || !cm_opening_ids(o) || !cm_opening_unlisted(o))
        return false;
    uint32_t ordered = cm_opening_member(o, 0, "ordered", CM_JSON_BOOLEAN);
    o->m->is_ordered = ordered && cm_json_truth(o->doc, ordered);
    o->cx->mem.most += (size_t)o->m->n_items * MOST_FOR_ITEM;
    uint32_t part = cm_json_first(list);
    for (uint32_t k = 0; k < cm_json_count(o->doc, list); k++, part = cm_json_after(o->doc, part)) {
        o->m->n_parts = k + 1;
        if (!cm_opening_part(o, part, &o->m->parts[k]))
            return false;
    }
    cm_value *constants = constants_of(o);
    bool ok = constants != NULL;
    for (uint32_t k = 0; ok && k < o->m->n_parts; k++)
        ok = cm_opening_tables(o, constants, &o->m->parts[k]);
    cm_free(o->cx, constants);
    return ok;
}

static void free_stage(cm_frozen *m, cm_stage *stage)
{
    cm_program_free(&m->cx, stage->program);
    cm_free(&m->cx, stage->inputs);
}

static void destroy(cm_frozen *m)
{
    cm_ctx *cx = &m->cx;
    for (uint32_t k = 0; k < CM_MOST_PARTS; k++) {
        cm_part *part = &m->parts[k];
        free_stage(m, &part->adapt);
        free_stage(m, &part->rows);
        free_stage(m, &part->rest);
        free_stage(m, &part->items);
        free_stage(m, &part->score);
        free_stage(m, &part->all);
        cm_free(cx, part->tables);
        cm_free(cx, part->computed);
        cm_free(cx, part->sums);
    }
    for (uint32_t k = 0; k < m->n_constants; k++)
        cm_free(cx, m->constants[k].list);
    cm_free(cx, m->weights);
    cm_free(cx, m->constants);
    cm_free(cx, m->kinds);
    cm_free(cx, m->text);
    cm_free(cx, m->text_offset);
    cm_free(cx, m->slots);
    cm_free(cx, m->unlisted);
    cm_tensor_shutdown(cx);
    cm_ctx_close(cx);
    cm_block_free((char *)m - offsetof(holder, model));
}

/* Takes an archive, or what went wrong with it. */
static cm_frozen *made_of(cm_ctx *cx, holder *h, cm_archive *archive, const char *what)
{
    cm_frozen *m = &h->model;
    cm_opening o = {m, &m->cx, archive, NULL, what};
    if (archive)
        m->cx.mem.most = MOST_ANYWAY + MOST_TIMES * cm_archive_bytes(archive);
    bool ok = archive && parse_graph(&o) && read_graph(&o);
    cm_json_free(&m->cx, o.doc);
    cm_archive_close(&m->cx, archive);
    if (ok) {
        cm_storage_trim(&m->cx); /* what was only needed meanwhile */
        return m;
    }
    cm_fail(cx, cm_error_code(&m->cx), "%s", cm_error_text(&m->cx));
    destroy(m);
    return NULL;
}

static holder *new_holder(cm_ctx *cx)
{
    holder *h = cm_block_alloc(1, sizeof *h);
    if (!h)
        return cm_fail(cx, CM_ERR_NO_MEMORY, "out of memory");
    atomic_init(&h->holders, 1);
    cm_ctx_open(&h->model.cx);
    cm_grad_enable(&h->model.cx, false);
    return h;
}

cm_frozen *cm_frozen_open(cm_ctx *cx, const char *path)
{
    holder *h = new_holder(cx);
    return h ? made_of(cx, h, cm_archive_open(&h->model.cx, path), path) : NULL;
}

cm_frozen *cm_frozen_parse(cm_ctx *cx, const void *bytes, size_t size, const char *what)
{
    holder *h = new_holder(cx);
    return h ? made_of(cx, h, cm_archive_parse(&h->model.cx, bytes, size, what), what) : NULL;
}

static holder *holder_of(const cm_frozen *m)
{
    return (holder *)(void *)((char *)m - offsetof(holder, model));
}

void cm_frozen_retain(cm_frozen *m)
{
    atomic_fetch_add_explicit(&holder_of(m)->holders, 1, memory_order_relaxed);
}

bool cm_frozen_try_retain(cm_frozen *m)
{
    holder *h = holder_of(m);
    int n = atomic_load_explicit(&h->holders, memory_order_relaxed);
    while (n > 0 && !atomic_compare_exchange_weak_explicit(
                        &h->holders, &n, n + 1, memory_order_acquire, memory_order_relaxed))
        ;
    return n > 0;
}

int cm_frozen_holders(const cm_frozen *m)
{
    return atomic_load_explicit(&holder_of(m)->holders, memory_order_relaxed);
}

void cm_frozen_when_over(cm_frozen *m, void (*call)(cm_frozen *model))
{
    holder_of(m)->when_over = call;
}

void cm_frozen_release(cm_frozen *m)
{
    if (!m)
        return;
    holder *h = holder_of(m);
    if (atomic_fetch_sub_explicit(&h->holders, 1, memory_order_acq_rel) != 1)
        return;
    if (h->when_over)
        h->when_over(m);
    destroy(m);
}

void cm_constant_header(const cm_constant *c, void *room, cm_value *value)
{
    if (c->kind == 't') {
        cm_tensor *tensor = room;
        cm_storage *storage = (cm_storage *)(void *)(tensor + 1);
        *storage = (cm_storage){.refs = 1, .count = c->count, .data = c->numbers};
        *tensor = (cm_tensor){.refs = 1, .shape = c->shape, .count = c->count, .storage = storage};
        cm_shape_strides(&c->shape, tensor->strides);
        value->tensor = tensor;
        return;
    }
    cm_ids *list = room;
    *list = (cm_ids){
        .refs = 1, .limit = c->limit, .least = c->least, .count = c->count, .values = c->list};
    value->list = list;
}

void cm_header_reset(cm_kind kind, cm_value value)
{
    if (kind == 't')
        value.tensor->refs = value.tensor->storage->refs = 1;
    else
        value.list->refs = 1;
}
