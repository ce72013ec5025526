/* safetensors.h - named arrays in a file, in the safetensors format: the length of a header (8
 * bytes, little-endian), the header in JSON, the numbers of all arrays one after the other.
 *
 * Files are not trusted: an archive that opens has been checked whole, and needs memory in
 * proportion to the file. */
#ifndef CM_SAFETENSORS_H
#define CM_SAFETENSORS_H

#include "io/dtype.h"

#define CM_ARCHIVE_HEADER  ((uint64_t)16 << 20) /* bytes a header may have */
#define CM_ARCHIVE_ENTRIES 100000               /* arrays a file may hold */

typedef struct cm_archive_entry {
    cm_text name; /* a zero follows it */
    cm_dtype dtype;
    cm_text dtype_name; /* as the file has it */
    int ndim;
    int64_t shape[CM_MAX_DIMS];
    int64_t count;   /* numbers */
    uint64_t offset; /* in the file: where they begin, little-endian; see cm_archive_copy */
    size_t bytes;
} cm_archive_entry;

typedef struct cm_archive cm_archive;

/* Opens a file and reads its header; free with cm_archive_close. The numbers of an array are read
 * when they are asked for, straight to where they go, and the path is kept. Refused: what is no
 * safetensors file, a truncated one, any fault of its header, arrays that overlap, leave gaps or do
 * not end with the file, more than CM_MAX_DIMS dims, more than CM_ARCHIVE_ENTRIES arrays. Arrays of
 * other dtypes than those that are read are there, as CM_OTHER: their shape and bytes need not fit
 * each other. */
cm_archive *cm_archive_open(cm_ctx *cx, const char *path) CM_MUST_CHECK;

/* The same for the bytes of a file, called `what` in messages; both are borrowed until it is
 * closed. */
cm_archive *cm_archive_parse(cm_ctx *cx, const void *bytes, size_t size,
                             const char *what) CM_MUST_CHECK;

/* Frees an archive and all that it gave; NULL is fine. */
void cm_archive_close(cm_ctx *cx, cm_archive *archive);

/* How many bytes the file has. */
size_t cm_archive_bytes(const cm_archive *archive);

/* How many arrays there are. */
size_t cm_archive_count(const cm_archive *archive);

/* The i-th array in the order of the header, i in [0, count). Owned by the archive. */
const cm_archive_entry *cm_archive_at(const cm_archive *archive, size_t i);

/* How many pairs of metadata there are. */
size_t cm_archive_meta_count(const cm_archive *archive);

/* The i-th pair of metadata in the order of the header. Owned by the archive. */
void cm_archive_meta_at(const cm_archive *archive, size_t i, cm_text *key, cm_text *text);

/* Reads the numbers of an array to `out`, which has room for entry->bytes, in the byte order of
 * this machine. Refused where the file has become shorter or cannot be read. */
bool cm_archive_copy(cm_ctx *cx, const cm_archive *archive, const cm_archive_entry *entry,
                     void *out) CM_MUST_CHECK;

/* The same for F32, F64, F16 and BF16, as cm_real. Refused for other dtypes, too, and when a finite
 * number becomes infinite. `out` has room for entry->count. */
bool cm_archive_copy_real(cm_ctx *cx, const cm_archive *archive, const cm_archive_entry *entry,
                          cm_real *out) CM_MUST_CHECK;

/* An array to be written: contiguous, in the byte order of this machine. */
typedef struct cm_archive_item {
    cm_text name;
    cm_dtype dtype;
    int ndim;
    int64_t shape[CM_MAX_DIMS];
    const void *data;
} cm_archive_item;

typedef struct cm_archive_meta {
    cm_text key, text;
} cm_archive_meta;

/* Writes a file whole, or leaves what stood at the path (see cm_file_replace): the arrays in the
 * order given, the metadata sorted by key, so that equal contents make equal files. Refused: names
 * or keys given twice or not UTF-8, and what cm_archive_open would not read again. */
bool cm_archive_write(cm_ctx *cx, const char *path, const cm_archive_item *items, size_t n_items,
                      const cm_archive_meta *meta, size_t n_meta) CM_MUST_CHECK;

#endif
