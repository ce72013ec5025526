--- Lists of recommendations as `cmml recommend` shows them: lines for people, rows of tables.
--
-- @module cmml.cli.shown_lists
local plain = require "cmml.base.plain"
local text = require "cmml.base.text"
local why = require "cmml.cli.why"

local shown_lists = {}

--- The columns of lists.
-- @tparam boolean explained whether entries have a field `why`
-- @tparam ?boolean many whether there are several lists, of a user each
-- @tparam Recommender model whose lists they are: one with lists (see `with_lists`) expects ratings
-- of their items
-- @treturn table list of columns, see base/tables.lua
function shown_lists.columns(explained, many, model)
  local list = { many and { name = "user", kind = "text" } or nil }
  for _, column in ipairs { { name = "rank", kind = "integer" }, { name = "item", kind = "text" },
    { name = "title", kind = "text" }, { name = "score", kind = "number" } } do
    list[#list + 1] = column
  end
  list[#list + 1] = model.lists and { name = "expected", kind = "number" } or nil
  return explained and table.move(why.columns, 1, #why.columns, #list + 1, list) or list
end

--- A list as rows of a table.
-- @tparam table list of {item, title, score, expected}, with a field `why` where they are explained
-- @tparam ?string user whose it is
-- @treturn table list of rows
function shown_lists.rows(list, user)
  local rows = {}
  for i, entry in ipairs(list) do
    rows[i] = why.fill(entry.why, { user = user, rank = i, item = entry.item, title = entry.title,
      score = entry.score, expected = entry.expected })
  end
  return rows
end

--- A list as lines, with expected ratings where there are such, else with scores; what is shown as
-- stars is clipped.
-- @tparam Recommender model
-- @tparam table list see `rows`
-- @treturn {string,...}
function shown_lists.lines(model, list)
  local lines, widest = {}, 8
  local form = ("%%3d  %s  %%s %%s"):format(model.predicts == model.setting.predicts
    and "%5.2f" or "%8.4g")
  for _, entry in ipairs(list) do
    entry.item, entry.title = text.one_line(entry.item), text.one_line(entry.title)
    widest = math.max(widest, text.width(entry.item))
  end
  for i, entry in ipairs(list) do
    lines[#lines + 1] = plain.format(form, i, model:stars(entry.expected or entry.score),
      text.pad(entry.item, widest), entry.title)
    lines[#lines + 1] = why.line(model:lister(), entry.why, 79)
  end
  return lines
end

return shown_lists
