--- What `cmml recommend --why` shows: which entries of a support carried the items of a list.
--
-- @module cmml.cli.why
local diverged = require "cmml.evaluate.diverged"
local output = require "cmml.base.output"
local plain = require "cmml.base.plain"
local text = require "cmml.base.text"

local why = {}

-- What is shown to people: titles of so many columns, and no share of less than half a per cent.
local longest, least = 26, 0.005

--- The columns that a list has besides; the last one holds lists.
why.columns = { { name = "empty", kind = "number" }, { name = "method", kind = "text" },
  { name = "why", kind = "list" } }

--- Adds to each entry of a list its explanation, as a field `why`.
-- @tparam table list of {item, ..}, as `recommend` gives it
-- @tparam function explain of a list of raw ids, as `Adapted:explain`
-- @tparam table noted count and of, to which is added on how many supports without an entry steps
-- diverged, and of how many
function why.attach(list, explain, noted)
  local items = {}
  for i, entry in ipairs(list) do
    items[i] = entry.item
  end
  local found = explain(items)
  for i, entry in ipairs(list) do
    entry.why = found[i]
  end
  if found[1] then
    noted.count, noted.of = noted.count + (found[1].diverged or 0), noted.of + #found[1]
  end
end

--- Tells where steps diverged.
-- @tparam Recommender model
-- @tparam table noted count and of
function why.tell(model, noted)
  local told = diverged.text(model.title, noted)
  if told then
    output.tell("--why, without an entry of the support: " .. told)
  end
end

--- The values of `why.columns`.
-- @tparam ?table explanation of an entry of a list
-- @tparam table row to be completed
-- @treturn table row
function why.fill(explanation, row)
  if explanation then
    row.empty, row.method, row.why = explanation.empty, explanation.method, {}
    for i, entry in ipairs(explanation) do
      row.why[i] = entry
    end
  end
  return row
end

-- A title that is cut where it is longer, so that there is room for another.
local function shortened(title)
  return text.shortened(text.one_line(title), longest)
end

-- What is shown of an entry beside its title.
local function details(model, entry)
  local said = ""
  if entry.user then
    said = (entry.label > 0 and ", taken by %s" or ", not taken by %s"):format(
      text.one_line(entry.user))
  elseif model.predicts == "ratings" then
    said = plain.format(", rated %g", entry.label)
  end
  return said .. plain.format(" (%.0f %%)", 100 * entry.share)
end

-- An explanation in words: what the support adds to the score of somebody new, where scores are
-- shown as ratings are, and as much as there is room for of what speaks for the item.
local function words(model, explanation, width)
  local added = explanation.score - explanation.empty
  local as_ratings = model.predicts == model.setting.predicts
  local number = as_ratings and plain.format("%+.2f ", added) or ""
  if explanation[1].share == 0 then
    return number .. "nothing of the support speaks for it"
  elseif added < 0 then
    return number .. "by the support: it is listed in spite of it"
  end
  local line = number .. (as_ratings and "by " or "because of ")
  for i, entry in ipairs(explanation) do
    local more = shortened(entry.title) .. details(model, entry)
    if i > 1 and (entry.share < least or text.width(line) + text.width(more) + 2 > width) then
      break
    end
    line = line .. (i > 1 and "; " or "") .. more
  end
  return line
end

--- An explanation as a line.
-- @tparam Recommender model
-- @tparam ?table explanation
-- @tparam integer width columns of the line at most
-- @treturn ?string nil of none, or of an empty support
function why.line(model, explanation, width)
  local indent = 5
  return explanation and #explanation > 0
    and (" "):rep(indent) .. words(model, explanation, width - indent) or nil
end

return why
