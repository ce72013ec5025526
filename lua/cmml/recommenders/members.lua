--- Members of a module: networks of the same sizes beside the first, which begin with other
-- weights. Their scores are averaged.
--
-- @module cmml.recommenders.members
local members = {}

--- The declaration; a model of several has the field as option.
members.option = { name = "members", kind = "integer", from = 1, to = 100, group = "model",
  tunable = false, default_text = "the preset's, or 1",
  help = "number of networks, each with a base of its own, that learn side by side from other "
    .. "first weights and whose scores are averaged; all takes as many times as long" }

local function name_of(i)
  return "member" .. i
end

--- Makes them.
-- @tparam integer count how many there are, with the first
-- @tparam function make of (): a module
-- @treturn Module the first, which the others are registered with
function members.make(count, make)
  local first = make()
  for i = 2, count do
    first:register(name_of(i), make())
  end
  return first
end

--- All of them.
-- @tparam Module first
-- @treturn table list of modules, the first one first
-- @treturn {string,...} for each what the names of its parameters begin with, in the first
function members.of(first)
  local list, prefixes, i = { first }, { "" }, 2
  while first[name_of(i)] do
    list[i], prefixes[i] = first[name_of(i)], name_of(i) .. "."
    i = i + 1
  end
  return list, prefixes
end

return members
