--- Whether what a model is evaluated on was held out from it, as far as its file tells.
--
-- @module cmml.settings.scenarios.unseen
local plain = require "cmml.base.plain"
local same_ids = require "cmml.data.same_ids"

-- Filters where nothing is said; see settings/scenarios/filters.lua.
local defaults = require("cmml.settings.scenarios.filters").defaults

return function(cmml)
  local core = cmml.core
  local unseen = {}

  --- A name as model files may note it: in UTF-8, whatever the data or their folder are called.
  -- @tparam string name
  -- @treturn string
  function unseen.noted(name)
    return utf8.len(name) and name or (name:gsub("[\x80-\xff]", "?"))
  end

  local function unlike(path, key, was, is, instead)
    return nil, ("%s was trained with %s %s, but is to be evaluated with %s: what would be "
      .. "evaluated was not held out from it. Evaluate it as it was trained%s"):format(path, key,
      plain.tostring(was), plain.tostring(is),
      instead and ", or under --protocol " .. instead or "")
  end

  -- Refuses a split that is not the one a model was trained on.
  local function check_split(entry, split, opt)
    local notes = entry.notes
    local setting = notes.setting ~= nil and cmml.settings:of_file(notes.setting) or nil
    if not notes.test_scenarios and not (setting and setting.name == "scenarios") then
      -- trained in Lua: its counts have to tell
      return true
    end
    for _, key in ipairs { "data_seed", "by", "min_items", "max_items", "min_users",
      "protocol" } do
      local is = opt[key]
      if key == "data_seed" then
        is = split.options.seed
      elseif key == "protocol" then
        is = split.protocol
      end
      local was = notes[key] or defaults[key]
      is = is or defaults[key]
      if was ~= is and not (key == "protocol" and split.leaky) then
        return unlike(entry.path, key, was or "by default", is or "the default",
          key == "protocol" and "published" or nil)
      end
    end
    return true
  end

  -- Refuses a model that may have learnt from scenarios that are to be evaluated: the groups may
  -- have changed since.
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
      if not names[unseen.noted(name)] then
        return nil, ("%s is of other groups of %s: scenario %s is to be evaluated, but was not "
          .. "held out from its training. Evaluate it on the data that it was trained with"):format(
          entry.path, data.name, name)
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

  -- Refuses a model that was made of what is to be evaluated. Where its counts are those of what
  -- may be known, or of what vectors are learnt with, so is what its vectors were made of.
  local function check_counts(entry, split)
    local data, catalogue = split.data, entry.model.catalogue
    local function counts_of(interactions)
      return cmml.scenarios.catalogue { users = data.users, items = data.items,
        interactions = interactions }.items.counts
    end
    local own, known = catalogue.items.counts, counts_of(split.known)
    local more = core.gt(own, known)
    if more:sum():item() > 0 then
      local item = select(2, more:top_k(1)):totable()[1]
      return nil, plain.format("%s counts %g users of item %s, but under protocol %s at most %d "
        .. "are known: it was made of what is to be evaluated. Evaluate it as it was trained, "
        .. "or under --protocol published", entry.path, own:totable()[item],
        data.items:text(item), split.protocol, known:totable()[item])
    end
    for _, interactions in ipairs { split.known, split.background } do
      if (own - counts_of(interactions)):square():sum():item() == 0 then
        catalogue.made_of.counts = interactions
        catalogue.made_of.vectors = next(catalogue.items.vectors) and interactions or nil
      end
    end
    return true
  end

  --- Refuses a model that is of other data than those of a split, or that may have learnt from what
  -- is evaluated there. Where its counts tell what its vectors were made of, its catalogue says so.
  -- @tparam table entry {path, model, notes}
  -- @tparam ScenarioSplit split
  -- @tparam table opt by, min_items, max_items: how the data were read
  -- @treturn ?true
  -- @treturn ?string message
  function unseen.check(entry, split, opt)
    local ok, message = check_split(entry, split, opt)
    if ok then
      ok, message = check_data(entry, split.data)
    end
    if ok then
      ok, message = check_groups(entry, split)
    end
    if ok and not split.leaky then
      ok, message = check_counts(entry, split)
    end
    return ok, message
  end

  return unseen
end
