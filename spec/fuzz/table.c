/* table.c - the reader of delimited files: three bytes choose the options, the rest is the file,
 * delimited or JSON. Any bytes give columns that fit together, or a message with vocabularies as
 * they were. */
#include "data/table.h"
#include "fuzz.h"
#include <math.h>
#include <string.h>

#define COLUMNS 4

/* Which columns to read; the vocabulary of those with `given` is is_id in below. */
static const struct {
    cm_column_kind kind;
    const char *name;
    bool given, lookup;
} layouts[][COLUMNS] = {
    {{CM_COLUMN_TEXT, "user", false, false},
     {CM_COLUMN_TEXT, "item", true, false},
     {CM_COLUMN_NUMBER, "rating", false, false},
     {CM_COLUMN_SKIP, "time", false, false}},
    {{CM_COLUMN_INTEGER, "user", false, false},
     {CM_COLUMN_LIST, "item", true, false},
     {CM_COLUMN_LIST, "rating", false, false},
     {CM_COLUMN_TIME, "time", false, false}},
    {{CM_COLUMN_SKIP, NULL, false, false},
     {CM_COLUMN_TEXT, "item", true, true},
     {CM_COLUMN_LIST, "rating", true, true},
     {CM_COLUMN_INTEGER, NULL, false, false}},
    {{CM_COLUMN_NUMBER, "user", false, false},
     {CM_COLUMN_SKIP, NULL, false, false},
     {CM_COLUMN_SKIP, NULL, false, false},
     {CM_COLUMN_SKIP, NULL, false, false}},
};
static const char *const delimiters[] = {",", "\t", "::", ";", "|", ", ", "\xC3\xA9", "aab"};
static const char *const separators[] = {"|", ", ", ",", "::"};

static void check_ids(const cm_vocab *vocab, const int32_t *ids, int64_t n, bool lookup)
{
    for (int64_t i = 0; i < n; i++)
        FUZZ_CHECK(ids[i] >= (lookup ? -1 : 0) && ids[i] < cm_vocab_count(vocab));
}

static void check_column(const cm_column *column, const cm_column_spec *spec, int64_t rows)
{
    switch (column->kind) {
    case CM_COLUMN_SKIP:
    case CM_COLUMN_INTEGER:
    case CM_COLUMN_TIME:
        break;
    case CM_COLUMN_TEXT:
        check_ids(column->vocab, column->ids, rows, spec->lookup);
        break;
    case CM_COLUMN_LIST:
        FUZZ_CHECK(column->offsets[0] == 0);
        for (int64_t i = 0; i < rows; i++)
            FUZZ_CHECK(column->offsets[i] <= column->offsets[i + 1]);
        check_ids(column->vocab, column->ids, column->offsets[rows], spec->lookup);
        break;
    case CM_COLUMN_NUMBER:
        for (int64_t i = 0; i < rows; i++)
            FUZZ_CHECK(isfinite(column->numbers[i]) || spec->missing);
        break;
    }
}

/* Every text of a vocabulary is found again, and the whole comes back from its export. */
static void check_vocab(cm_ctx *cx, const cm_vocab *vocab)
{
    for (int32_t i = 0; i < cm_vocab_count(vocab); i++)
        FUZZ_CHECK(cm_vocab_find(vocab, cm_vocab_text(vocab, i)) == i);
    const char *bytes;
    size_t n_bytes;
    const int64_t *offsets;
    cm_vocab_export(vocab, &bytes, &n_bytes, &offsets);
    cm_vocab *again =
        cm_vocab_import(cx, bytes, n_bytes, offsets, (size_t)cm_vocab_count(vocab) + 1);
    FUZZ_CHECK(again && cm_vocab_count(again) == cm_vocab_count(vocab));
    cm_vocab_release(cx, again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3)
        return 0;
    cm_ctx cx;
    cm_ctx_open(&cx);
    cm_table_options options = {.delimiter = delimiters[data[1] % 8],
                                .quotes = data[0] & 1,
                                .encoding = (cm_encoding)((data[0] >> 1 & 1) + (data[0] >> 5) % 4),
                                .trims = data[0] & 64,
                                .escapes = data[0] & 128,
                                .json = data[1] % 8 == 7 && data[1] & 64,
                                .exact = data[0] & 4,
                                .header = (cm_table_header)((data[0] >> 3) % 3)};
    cm_vocab *given = cm_vocab_new(&cx);
    FUZZ_CHECK(given && cm_vocab_add(&cx, given, (cm_text){"a", 1}) == 0);
    FUZZ_CHECK(cm_vocab_add(&cx, given, (cm_text){"7", 1}) == 1);
    cm_column_spec specs[COLUMNS];
    for (int c = 0; c < COLUMNS; c++)
        specs[c] = (cm_column_spec){.name = layouts[data[2] % 4][c].name,
                                    .kind = layouts[data[2] % 4][c].kind,
                                    .separator = separators[(data[2] >> 2) % 4],
                                    .vocab = layouts[data[2] % 4][c].given ? given : NULL,
                                    .lookup = layouts[data[2] % 4][c].lookup,
                                    .known = layouts[data[2] % 4][c].lookup && data[1] & 128,
                                    .missing = data[1] & 32,
                                    .is_id = data[1] & 16,
                                    .comma = data[1] & 8};
    int n = 1 + (data[2] >> 4) % COLUMNS;
    cm_table *table = cm_table_parse(&cx, fuzz_copy(&cx, data + 3, size - 3), size - 3, "fuzz",
                                     &options, specs, n);
    FUZZ_CHECK(cx.mem.peak <= 400 * size + 30000);
    for (int c = 0; table && c < n; c++)
        check_column(&table->columns[c], &specs[c], table->rows);
    FUZZ_CHECK(table || cm_vocab_count(given) == 2);
    check_vocab(&cx, given);
    cm_table_free(&cx, table);
    cm_vocab_release(&cx, given);
    fuzz_end(&cx, table != NULL);
    return 0;
}
