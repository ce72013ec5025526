-- Content features of cases: their fields, and the vectors of rows.
local cmml = require "cmml"

local content = {}

-- The fields of either side, in the order in which their vectors are joined.
content.sides = { item = { "rate", "genre", "director", "actor" },
  user = { "gender", "age", "occupation", "zip" } }

--- The fields of a side as networks want them; a case with other fields is refused.
-- @tparam Case case
-- @tparam string side "item" or "user"
-- @tparam string part of the inputs that shows which have several values, such as "support"
-- @treturn table list of {name, size, multi}
function content.fields(case, side, part)
  local vocabulary, count, list = case:option "vocabulary", 0, {}
  for _ in pairs(vocabulary) do
    count = count + 1
  end
  if count ~= #content.sides.item + #content.sides.user then
    error(("config.vocabulary has %d fields"):format(count), 0)
  end
  for i, name in ipairs(content.sides[side]) do
    list[i] = { name = name, size = vocabulary[name],
      multi = case:has(("input.%s.%s.values"):format(part, name)) }
    if not list[i].size then
      error(("config.vocabulary has no %s"):format(name), 0)
    end
  end
  return list
end

--- The ids of a side's fields.
-- @tparam Case case
-- @tparam string side
-- @tparam string part such as "support"
-- @treturn table list of bags {ids, segments}
function content.bags(case, side, part)
  local bags = {}
  for i, field in ipairs(content.sides[side]) do
    local input = ("input.%s.%s"):format(part, field)
    if case:has(input .. ".values") then
      bags[i] = { ids = case:ids(input .. ".values"),
        segments = case:segments(input .. ".lengths") }
    else
      bags[i] = { ids = case:ids(input) }
    end
  end
  return bags
end

--- The vectors of a part's rows.
-- @tparam Case case
-- @tparam string part
-- @tparam function embed of (side, bags): Tensor [rows, columns]
-- @treturn Tensor [rows, columns of items, then of users]
function content.rows(case, part, embed)
  return cmml.concat { embed("item", content.bags(case, "item", part)),
    embed("user", content.bags(case, "user", part)) }
end

return content
