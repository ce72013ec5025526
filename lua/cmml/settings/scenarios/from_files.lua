--- Scenarios from files of one's own: the values of a field of items are the scenarios.
--
-- @module cmml.settings.scenarios.from_files
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"
local filters = require("cmml.settings.scenarios.filters").filters

return function(cmml)
  local core = cmml.core

  -- The field whose values are the scenarios: the one that is asked for, else the first list, else
  -- the first category.
  local function field_of(fields, wanted)
    local names, first = {}, {}
    for i, field in ipairs(fields) do
      names[i] = field[1]
      first[field.kind or "category"] = first[field.kind or "category"] or field[1]
    end
    if #names == 0 then
      return nil, ("which items make a scenario is not known: %s says what is known of items")
        :format(args.option("items", "FILE"))
    elseif wanted then
      for _, name in ipairs(names) do
        if name == wanted then
          return wanted
        end
      end
      return nil, (args.option "scenario_field" .. ": items have no field %s; %s"):format(wanted,
        args.suggest(wanted, names))
    end
    return first.list or first.category or names[1]
  end

  -- What was read and says nothing here: all but who had what, and the field of the scenarios.
  local function unused(data, field, opt)
    local words = {}
    if data.values and not opt.min_rating then
      words[1] = ("the %s (%s leaves out what lies below N)"):format(data.kind,
        args.option("min_rating", "N"))
    end
    words[#words + 1] = data.times and "times" or nil
    for _, side in ipairs { "item", "user" } do
      local names = {}
      for _, own in ipairs(data[side .. "_fields"]) do
        names[#names + 1] = (side == "user" or own[1] ~= field) and own[1] or nil
      end
      words[#words + 1] = #names > 0 and ("of %ss %s"):format(side, table.concat(names, ", "))
        or nil
    end
    return #words > 0 and "scenarios do not use " .. table.concat(words, "; ") or nil
  end

  --- Scenario data of files that were read.
  -- @tparam table data see data/files.lua
  -- @tparam table opt scenario_field, min_rating, and the filters of `scenarios.data`
  -- @treturn ?ScenarioData with notes; nil where no field of items or no group is a scenario
  -- @treturn ?string message
  return function(data, opt)
    local field, message = field_of(data.item_fields, opt.scenario_field)
    if not field then
      return nil, message
    end
    local user_ids, item_ids, notes = data.user_ids, data.item_ids, data.notes
    if opt.min_rating and data.values then
      local high = core.ge(data.values, opt.min_rating)
      user_ids, item_ids = core.select_ids(user_ids, high), core.select_ids(item_ids, high)
      notes[#notes + 1] = plain.format("left out %d of %d entries below min_rating %g",
        #data.user_ids - #user_ids, #data.user_ids, opt.min_rating)
    end
    notes[#notes + 1] = unused(data, field, opt)
    local by_row, titles, unknown = {}, {}, 0
    for row = 1, #data.items do
      titles[row] = ""
    end
    for _, record in ipairs(data.item_records) do
      local row = data.items:id(record.id)
      if row then
        by_row[row], titles[row] = record, record.title or ""
      else
        unknown = unknown + 1
      end
    end
    notes[#notes + 1] = ("scenarios are the values of the field %s%s"):format(field, unknown > 0
      and ("; %d records of items that have no interaction were left out"):format(unknown) or "")
    local parts = { name = data.name, users = data.users, items = data.items, user_ids = user_ids,
      item_ids = item_ids, titles = titles, raises = false, groups = function(row)
        local value = by_row[row] and by_row[row][field]
        return type(value) == "table" and value or value ~= nil and { plain.tostring(value) } or {}
      end }
    for _, name in ipairs(filters) do
      parts[name] = opt[name]
    end
    local set
    set, message = cmml.scenarios.data(parts)
    if set then
      set.notes = notes
    end
    return set, message
  end
end
