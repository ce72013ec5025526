/* predict.h - what the binding of predictors and of contexts share. */
#ifndef CML_PREDICT_H
#define CML_PREDICT_H

#include "bind/cmL.h"
#include "predict/context.h"

#define CML_RUNNER  CML_NAME("Runner")
#define CML_CONTEXT CML_NAME("RunnerContext")
#define CML_CHOICE  CML_NAME("Choice")

/* Raises what a call of a predictor refused. */
int cmL_raise_runner(lua_State *L, const cm_predictor *p, const char *what);

/* The predictor at `arg`; raises where it was closed. */
cm_predictor *cmL_check_runner(lua_State *L, int arg);

/* A row from 0; -1 for what is none. */
int32_t cmL_row_of(lua_Integer row);

/* Rows of the table at `arg` from entry `first` on, at most as many as there is room for, into the
 * predictor's room; gives how many there are. Raises, with `what` in front, where one is none. */
int32_t cmL_read_rows(lua_State *L, int arg, int64_t first, const cm_predictor *p,
                      const char *what);

/* Pushes an empty box for a context of the predictor at `arg`, which it keeps alive. */
cm_context **cmL_push_context(lua_State *L, int arg);

/* A part, from 1 on in Lua. */
uint32_t cmL_check_part(lua_State *L, int arg);

/* A number of items. */
int32_t cmL_check_count(lua_State *L, int arg);

/* Reads what a list is to be of from the arguments from `at` on: exclude, choice and whether items
 * of the support may be in it. What the request then points to is the predictor's or the choice's.
 * Raises where something is wrong. */
void cmL_read_request(lua_State *L, int at, const cm_predictor *p, cm_request *request);

/* Writes a list into the tables at `items` and `scores`, behind their first `from` entries. */
void cmL_write_list(lua_State *L, int items, int scores, lua_Integer from, const int32_t *rows,
                    const cm_real *of, int32_t n);

/* The context at `arg`; raises where it or its predictor was closed. */
cm_context *cmL_check_runner_context(lua_State *L, int arg);

/* The method Runner:recommend, l_recommend.c. */
int cmL_runner_recommend(lua_State *L);

/* Contexts, l_context.c. */
void cmL_open_context(lua_State *L);

#endif
