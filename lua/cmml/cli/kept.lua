--- Whether what scenarios are judged by was kept from a model file, as far as the file tells.
--
-- @module cmml.cli.kept
local same_ids = require "cmml.data.same_ids"
local scenarios = require "cmml.cli.scenarios"

local kept = {}

-- Refuses a model that may have learnt from scenarios that are to be judged: the groups may have
-- changed since.
local function check_groups(entry, split)
  local data = split.data
  local listed, names = entry.notes.test_scenarios, {}
  if type(listed) ~= "table" then -- trained in Lua, which notes none
    return true
  end
  for _, name in ipairs(listed) do
    names[name] = true
  end
  for _, scenario in ipairs(split.test) do
    local name = data.scenarios[scenario].name
    if not names[scenarios.noted(name)] then
      return nil, ("%s is of other groups of %s: scenario %s is to be judged, but was not kept "
        .. "from its training. Judge it on the data that it was trained with"):format(entry.path,
        data.name, name)
    end
  end
  return true
end

-- Refuses a model that was made of other interactions.
local function check_data(entry, data)
  local catalogue = entry.model.catalogue
  for _, side in ipairs { "users", "items" } do
    local vocab, expected = catalogue[side], data[side]
    local row, there, here = same_ids.difference(vocab, expected)
    if row then
      return nil, ("%s is of other data than %s: it knows %d %s, the data %d, and number %d is "
        .. "%s there, here %s"):format(entry.path, data.name, #vocab, side, #expected, row, there,
        here)
    end
  end
  return true
end

-- Refuses a model that was made of what is to be judged. Where its counts are those of what may be
-- known, or of what vectors are learnt with, so is what its vectors were made of.
local function check_counts(cmml, entry, split)
  local data, catalogue = split.data, entry.model.catalogue
  local function counts_of(taken)
    return cmml.scenarios.catalogue { users = data.users, items = data.items,
      interactions = taken }.counts
  end
  local known = counts_of(split.known)
  local more = cmml.core.gt(catalogue.counts, known)
  if more:sum():item() > 0 then
    local item = select(2, more:top_k(1)):totable()[1]
    return nil, ("%s counts %g users of item %s, but under protocol %s at most %d are known: it "
      .. "was made of what is to be judged. Judge it as it was trained, or under --protocol "
      .. "published"):format(entry.path, catalogue.counts:totable()[item],
      data.items:text(item), split.protocol, known:totable()[item])
  end
  for _, taken in ipairs { split.known, split.background } do
    if (catalogue.counts - counts_of(taken)):square():sum():item() == 0 then
      catalogue.interactions = taken
      if catalogue.vectors then
        catalogue.vectors.interactions = taken
      end
    end
  end
  return true
end

--- Refuses a model that is of other data than those of a split, or that may have learnt from what
-- is judged there. Where its counts tell what its vectors were made of, its catalogue says so.
-- @tparam table cmml the library
-- @tparam table entry model of `loaded.read`
-- @tparam ScenarioSplit split
-- @treturn ?true
-- @treturn ?string message
function kept.check(cmml, entry, split)
  local ok, message = check_data(entry, split.data)
  if ok then
    ok, message = check_groups(entry, split)
  end
  if ok and not split.leaky then
    ok, message = check_counts(cmml, entry, split)
  end
  return ok, message
end

return kept
