/* cmL.h - what every part of the Lua binding uses. The only folder that knows Lua is bind/.
 *
 * Rules that keep memory whole although Lua errors jump:
 *  - Box first: push an empty box, then compute, then fill it. Nothing that can raise runs while C
 *    holds something that neither a box nor a scope owns.
 *  - Arguments are checked before any work; the core's errors are raised after its scope is closed.
 *  - Rows, dims and ids are 1-based in Lua and 0-based in C; the change happens in this folder. */
#ifndef CML_H
#define CML_H

#include "core.h"
#include <lauxlib.h>
#include <lua.h>

#if CM_REAL_IS_DOUBLE
#    define CML_NAME(name) "cmml64." name
#else
#    define CML_NAME(name) "cmml." name
#endif

#define CML_TENSOR   CML_NAME("Tensor")
#define CML_IDS      CML_NAME("Ids")
#define CML_SEGMENTS CML_NAME("Segments")
#define CML_TIMES    CML_NAME("Times")
#define CML_OPTIM    CML_NAME("Optimizer")

/* The context behind the running function (its first upvalue), ready for work: raises if the
 * library was closed, and lets the collector keep pace with the memory that it cannot see. */
cm_ctx *cmL_enter(lua_State *L);

/* The context without any of that: for __gc. */
cm_ctx *cmL_ctx(lua_State *L);

/* Registers functions, each with the context (on top of the stack, stays there) as its first
 * upvalue, in the table below it. */
void cmL_register(lua_State *L, const luaL_Reg *functions);

/* The same as methods of the class of that name (NULL: of none), which the table is of. */
void cmL_register_methods(lua_State *L, const luaL_Reg *functions, const char *class);

/* The same in the table `testing` of the module table below the context: hooks for specs and
 * measurements, which belong to no public table. */
void cmL_register_testing(lua_State *L, const luaL_Reg *functions);

/* Makes the metatable `name` with the context as the upvalue of its functions. `meta` are
 * metamethods
 * (__gc, __len, ..), `methods` go into its __index table (NULL: none). Context on top, stays there.
 */
void cmL_class(lua_State *L, const char *name, const luaL_Reg *meta, const luaL_Reg *methods);

/* Whether a script may give memory back now: not within a finaliser, which the collector may run
 * while a function of ours holds the very same object. What a script frees there goes with its box.
 */
bool cmL_may_free(lua_State *L);

/* The raw length of the table at `arg`, at most INT32_MAX: a border of a sparse table can lie at
 * 2^62, where sizes in bytes overflow. */
int64_t cmL_check_length(lua_State *L, int arg);

/* Raises the recorded error as "what: text" and clears it. Never returns. */
int cmL_raise(lua_State *L, cm_ctx *cx, const char *what);

/* Pushes nil and the text of the error, clears it, returns 2: for failures outside the program. */
int cmL_fail(lua_State *L, cm_ctx *cx);

/* Boxes: userdata that hold one reference. Each push gives an empty box to be filled. */
cm_tensor **cmL_push_tensor(lua_State *L);
/* The same for ids. */
cm_ids **cmL_push_ids(lua_State *L);
/* The same for segments. */
cm_ids **cmL_push_segments(lua_State *L);
/* The same for times. */
cm_times **cmL_push_times(lua_State *L);

/* Ends the scope at `mark`, keeping `result` in the box (top of the stack) or raising. Returns 1.
 */
int cmL_finish(lua_State *L, cm_ctx *cx, size_t mark, cm_tensor **box, cm_tensor *result,
               const char *what);

/* Arguments. Each raises an argument error that names what was expected and what came. */
cm_tensor *cmL_check_tensor(lua_State *L, int arg);

/* The same of one that is contiguous. */
cm_tensor *cmL_check_contiguous(lua_State *L, int arg);
/* The same for ids. */
cm_ids *cmL_check_ids(lua_State *L, int arg);
/* The same for segments. */
cm_ids *cmL_check_segments(lua_State *L, int arg);
/* The same for times. */
cm_times *cmL_check_times(lua_State *L, int arg);
/* A list of whole numbers as a shape; `base` is subtracted from each. */
cm_shape cmL_check_shape(lua_State *L, int arg, int64_t base);
/* A dim, 1-based or negative, of a tensor with `ndim` dims, as 0-based. */
int cmL_check_dim(lua_State *L, int arg, int ndim);
/* An activation by name; identity if absent. */
cm_activation cmL_check_activation(lua_State *L, int arg);

/* What messages call the value at `index` that should have been a tensor: its type. */
const char *cmL_kind(lua_State *L, int index);

/* The tensor in the box at `index`, or NULL if there is something else. */
cm_tensor *cmL_test_tensor(lua_State *L, int index);

/* What the box of that class in a field of the table at `index` (absolute) holds; raises if it is
 * another, or if there is no table. The box is left on the stack: a finaliser may take it out of
 * the table meanwhile. */
void *cmL_check_field(lua_State *L, int index, const char *name, const char *class);

/* Pushes a value as text, and returns it: luaL_tolstring, but of a number that is the same in every
 * locale. (lua_tolstring, too, writes numbers in the locale of the host.) */
const char *cmL_tolstring(lua_State *L, int index, size_t *len);

/* A text argument: luaL_checklstring, but of a number the same in every locale. */
const char *cmL_check_text(lua_State *L, int arg, size_t *len);

/* Pushes what messages repeat of the value at `index`: its text, at most 80 bytes of it and the
 * number of all, control characters written out. The text lives as long as it is on the stack. */
const char *cmL_shown(lua_State *L, int index);

/* The same of a text of `len` bytes. */
const char *cmL_shown_text(lua_State *L, const char *text, size_t len);

/* luaL_checkoption, whose message repeats no more than that. */
int cmL_check_option(lua_State *L, int arg, const char *fallback, const char *const names[]);

/* A field of the options table at `index`; raises if there is no table. */
int64_t cmL_field_integer(lua_State *L, int index, const char *name, int64_t fallback);

/* The same for a whole number of a range, ends included; raises where it lies outside. */
int64_t cmL_field_within(lua_State *L, int index, const char *name, int64_t fallback, int64_t from,
                         int64_t to);

/* The same for a part of the key of random numbers: from 0 to 2^32 - 1. */
uint32_t cmL_field_key(lua_State *L, int index, const char *name, uint32_t fallback);
/* The same for numbers. */
double cmL_field_number(lua_State *L, int index, const char *name, double fallback);
/* The same for booleans. */
bool cmL_field_bool(lua_State *L, int index, const char *name, bool fallback);

/* Fresh integers from a table of them at `arg`, as ids (1-based, 0 unknown) in the box. */
void cmL_read_ids(lua_State *L, cm_ctx *cx, int arg, cm_ids **box, const char *what);

/* Pushes onto `to`, another state, a copy of the value at `index` of `from`: nil, booleans,
 * numbers, strings, Ids, Segments, Times, Tensors (as constants) and plain tables of these, nested
 * at most 64 deep. Raises on `to`; `from` may then have values more on its stack. Functions of this
 * library must be running in both. */
void cmL_copy(lua_State *from, int index, lua_State *to);

/* Pushes the module table of the core, which is made at the first call in a state. */
int cmL_open_core(lua_State *L);

/* Opens a part: adds its functions to the module table, which lies below the context on the stack.
 * This one: tensors, l_tensor.c. */
void cmL_open_tensor(lua_State *L);
/* Constructors of tensors, l_make.c. */
void cmL_open_make(lua_State *L);
/* Ids and segments, l_ids.c. */
void cmL_open_ids(lua_State *L);
/* Bags with numbers for each task, l_task_bags.c. */
void cmL_open_task_bags(lua_State *L);
/* Times, l_times.c. */
void cmL_open_times(lua_State *L);
/* Positions of maxima, l_rank.c; before the ops, which close the table of methods. */
void cmL_open_rank(lua_State *L);
/* Every op of the table, l_ops.c. */
void cmL_open_ops(lua_State *L);
/* Giving memory back when a call ends, l_tidy.c. */
void cmL_open_tidy(lua_State *L);
/* Gradients, l_grad.c. */
void cmL_open_grad(lua_State *L);
/* Optimisers, l_optim.c. */
void cmL_open_optim(lua_State *L);
/* Random samples and streams, l_rng.c. */
void cmL_open_rng(lua_State *L);
/* Ratings and draws of tasks, l_interactions.c. */
void cmL_open_interactions(lua_State *L);
/* Items by user and by scenario, l_lists.c. */
void cmL_open_lists(lua_State *L);
/* Pairs of users and items by scenario, l_pairs.c. */
void cmL_open_pairs(lua_State *L);
/* Draws of tasks from scenarios, l_scenarios.c. */
void cmL_open_scenarios(lua_State *L);
/* Rows of positives and negatives, l_paired.c. */
void cmL_open_paired(lua_State *L);
/* Draws of items of the source domain, l_source_items.c. */
void cmL_open_source_items(lua_State *L);
/* Pairs of supports, l_support_query.c. */
void cmL_open_support_query(lua_State *L);
/* Cuts of sequences, l_sequences.c. */
void cmL_open_sequences(lua_State *L);
/* Candidate lists to be ranked, l_ranking_rows.c. */
void cmL_open_ranking_rows(lua_State *L);
/* Teams of threads, l_team.c. */
void cmL_open_team(lua_State *L);
/* Collaborative filtering, l_cf.c. */
void cmL_open_cf(lua_State *L);
/* Ridge regression, l_ridge.c. */
void cmL_open_ridge(lua_State *L);
/* Weights between items, l_item_weights.c. */
void cmL_open_item_weights(lua_State *L);
/* Ragged segments, l_segments.c. */
void cmL_open_segments(lua_State *L);
/* Groups of items, l_groups.c. */
void cmL_open_groups(lua_State *L);
/* Principal axes, clusters and t-SNE of points, l_analysis.c. */
void cmL_open_analysis(lua_State *L);
/* Metrics, l_metrics.c. */
void cmL_open_metrics(lua_State *L);
/* Bootstrap confidence intervals, l_bootstrap.c. */
void cmL_open_bootstrap(lua_State *L);
/* The class of holds, io.c; before the parts below, which use it. */
void cmL_open_io(lua_State *L);
/* Files, the terminal and time, l_sys.c. */
void cmL_open_sys(lua_State *L);
/* JSON, l_json.c. */
void cmL_open_json(lua_State *L);
/* Text that is the same in every locale, l_locale.c. */
void cmL_open_locale(lua_State *L);
/* Processes, l_process.c. */
void cmL_open_process(lua_State *L);
/* Vocabularies, l_vocab.c. */
void cmL_open_vocab(lua_State *L);
/* .safetensors files, l_safetensors.c. */
void cmL_open_safetensors(lua_State *L);
/* Predictors of frozen models, l_predict.c. */
void cmL_open_predict(lua_State *L);
/* Delimited files, l_table.c. */
void cmL_open_table(lua_State *L);

#endif
