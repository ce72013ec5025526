--- Which parameters of a module belong to which group of an optimiser.
--
-- @module cmml.optim.groups
local args = require "cmml.base.args"
local raise = args.error

local groups = {}

-- A function that tells whether an entry matches a parameter: its name, the name of a module above
-- it, or a pattern of it, in which * stands for any text.
local function matcher(entry)
  if entry:find("*", 1, true) then
    local form = "^" .. entry:gsub("[^0-9A-Za-z]", "%%%0"):gsub("%%%*", ".*") .. "$"
    return function(name)
      return name:find(form) ~= nil
    end
  end
  return function(name)
    return name == entry or name:sub(1, #entry + 1) == entry .. "."
  end
end

-- The names that an entry may have: of the parameters and of the modules above them.
local function known(names)
  local list, seen = {}, {}
  for _, name in ipairs(names) do
    repeat
      list[#list + 1] = not seen[name] and name or nil
      seen[name] = true
      name = name:match "^(.*)%."
    until not name
  end
  return list
end

--- Puts every parameter into its group.
-- @tparam string what name of the function, for messages
-- @tparam table names of all parameters
-- @tparam table wanted for each group a string or a list of strings: the name of a parameter, of a
-- module (for all beneath it), or a pattern with * for any text
-- @treturn table for each group, and then for parameters of none, the list of places in `names`.
-- Raises where an entry matches nothing, a group has none, or a parameter is in two groups.
function groups.divide(what, names, wanted)
  local owner, lists = {}, {}
  for g, entries in ipairs(wanted) do
    lists[g] = {}
    for _, entry in ipairs(type(entries) == "table" and entries or { entries }) do
      if type(entry) ~= "string" then
        raise(("%s: group %d: parameters must be names, not %s"):format(what, g, type(entry)), 0)
      end
      local matches, found = matcher(entry), false
      for i, name in ipairs(names) do
        if matches(name) then
          if owner[i] and owner[i] ~= g then
            raise(("%s: parameter %s is in groups %d and %d"):format(what, name, owner[i], g), 0)
          end
          owner[i], found = g, true
        end
      end
      if not found then
        raise(("%s: group %d: no parameter is named %s; %s"):format(what, g, entry,
          args.suggest(entry, known(names))), 0)
      end
    end
  end
  lists[#wanted + 1] = {}
  for i in ipairs(names) do
    table.insert(lists[owner[i] or #lists], i)
  end
  for g = 1, #wanted do
    if #lists[g] == 0 then
      raise(("%s: group %d has no parameters"):format(what, g), 0)
    end
  end
  return lists
end

return groups
