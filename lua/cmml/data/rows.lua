--- Rows: what a support, a query and a list to be ranked are, in every setting.
--
-- Rows are a plain table of several tasks, one behind the other:
--
--    segments     Segments, one a task: how many of the rows are its
--    items        Ids [rows]: rows of the catalogue's items
--    users        Ids [rows]: rows of the catalogue's users, where it knows users by id
--    people       where a task is a person: what is known of the persons, {bags = values of user
--                 fields, rows = Ids [tasks]: which row of the bags is whose}; the user of a row
--                 follows from its segment
--    labels       Tensor [rows]: ratings, or 1 and 0; none in lists that are only to be scored
--    lists        Segments, one a ranked list, where a task has several; default: segments
--    times        seconds or milliseconds of each row, where the data have them
--
-- @module cmml
local args = require "cmml.base.args"
local declare = require("cmml.base.options").declare

local known = declare("data.rows", {
  { name = "lengths", kind = "table", required = true, help = "list of the tasks' sizes" },
  { name = "items", kind = "table", required = true, help = "rows of the catalogue" },
  { name = "users", kind = "table", help = "rows of the catalogue" },
  { name = "labels", kind = "table", help = "list of numbers" },
  { name = "people", kind = "table", help = "what is known of the persons: "
    .. "{bags = values of user fields, rows = Ids [tasks]: which row of the bags is whose}" },
})

return function(cmml)
  local core = cmml.core

  --- Rows from plain lists; drawn tasks come as such tables already.
  -- @tparam table options
  -- @treturn table Rows of several tasks, one behind the other: segments (Segments, one a task: how
  -- many of the rows are its), items (Ids: rows of the catalogue), users (Ids) and people where
  -- there are such, labels (Tensor: ratings, or 1 and 0). Drawn tasks also have lists (Segments,
  -- one a ranked list, where a task has several) and times
  function cmml.data.rows(options)
    local opt = known:check(options)
    local labels = opt.labels
    if labels then
      labels = #labels > 0 and args.call(core.tensor, labels) or core.full({ 0 }, 0)
    end
    return { segments = args.call(core.segments, opt.lengths),
      items = args.call(core.ids, opt.items),
      users = opt.users and args.call(core.ids, opt.users), labels = labels, people = opt.people }
  end
end
