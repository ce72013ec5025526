/* tasks.h - what the parts of the binding for tasks share. */
#ifndef CML_TASKS_H
#define CML_TASKS_H

#include "bind/cmL.h"
#include "tasks/pairs.h"

#define CML_MOST_LISTS 16 /* maximum number of lists per call, such as the parts of a split */

/* Lists in the table at `arg`, whose segments are in the field `name` and whose values in `items`.
 * Their boxes are left on the stack: to be called when the options were read, which may run a
 * metamethod. */
cm_lists cmL_check_lists(lua_State *L, int arg, const char *name);

/* The same for pairs: fields scenarios, users and items. */
cm_pairs cmL_check_pairs(lua_State *L, int arg);

/* The number of a scenario, 1-based in Lua; `segments` has one segment per scenario. */
int32_t cmL_check_scenario(lua_State *L, int arg, const cm_ids *segments);

/* Pushes a new table with these empty boxes: segments under the first name, n ids under `names`. */
void cmL_push_id_boxes(lua_State *L, const char *segments, cm_ids ***segment_box, int n,
                       const char *const names[], cm_ids **boxes[]);

#endif
