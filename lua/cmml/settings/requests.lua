--- Supports of many people for `cmml recommend --users`: from data, or from a file of user, item
-- and rating; in settings in which a task is a person.
--
-- @module cmml.settings.requests
local columns = require "cmml.data.columns"
local raise = require("cmml.base.args").error

return function(_, use)
  local record_file = use "data.record_file"

  -- Raises where a person has an item that the model does not know.
  local function check_known(model, id, support)
    for _, entry in ipairs(support) do
      if not model.catalogue.items:id(entry[1]) then
        raise(("user %s: item %s is not among the %d that the model knows; --unknown skip leaves "
          .. "such items out"):format(id, entry[1], #model.catalogue.items), 0)
      end
    end
  end

  -- The people of a file with a rating a line.
  local function of_file(path, ranks)
    local data, message = record_file.read(path, { { name = "user", id = true },
      { name = "item", id = true }, { name = "rating", kind = "number", optional = ranks } })
    if not data then
      return nil, message
    end
    local ratings = data.columns.rating and data.columns.rating.values
    ratings = ratings and ratings.count > 0 and ratings:totable() or {}
    local ids, of = {}, {}
    local items = columns.texts(data.columns.item)
    for i, user in ipairs(columns.texts(data.columns.user)) do
      if not of[user] then
        ids[#ids + 1], of[user] = user, {}
      end
      table.insert(of[user], { items[i], ratings[i] })
    end
    return ids, function(id)
      return of[id]
    end
  end

  -- The people to recommend for; see below.
  local function requests(of_data, model, values, data, wanted)
    if values.rate or values.user then
      return nil, ("--users and --%s exclude each other: the people come with their ratings")
        :format(values.rate and "rate" or "user")
    elseif not data and not values.support then
      return nil, "--users needs --data or --ratings (recommended for are their people, by their "
        .. "ratings), or --support FILE with user, item and rating a line"
    elseif data and values.support then
      return nil, "--support stands in place of --data and --ratings: the ratings come from one of "
        .. "them"
    end
    local all, support_of
    if data then
      all, support_of = of_data(model, data)
    else
      all, support_of = of_file(values.support, model.predicts == "ranking")
      if not all then
        return nil, support_of
      end
    end
    local ids, unknown = {}, {}
    for _, id in ipairs(wanted or all) do
      table.insert(support_of(id) and ids or unknown, id)
    end
    local found = { ids = ids, unknown = unknown, given = 0, skipped = 0, outside = 0,
      empty = 0, diverged = 0 }
    function found.lists(first, last, opt)
      local supports = {}
      for i = first, last do
        supports[#supports + 1] = support_of(ids[i])
        if opt.unknown == "error" then
          check_known(model, ids[i], supports[#supports])
        end
      end
      local lists, skipped, outside, diverged = model:recommend_all(supports, { n = opt.n,
        items = opt.items, exclude = opt.exclude, unknown = opt.unknown, strict = values.strict })
      for i, support in ipairs(supports) do
        found.given, found.skipped = found.given + #support, found.skipped + #skipped[i]
        found.outside = found.outside + #outside[i]
        found.empty = found.empty + (#support == #skipped[i] and 1 or 0)
        found.diverged = found.diverged + (diverged[i] and 1 or 0)
      end
      return lists
    end
    function found.explain(i, items)
      return model:adapt(support_of(ids[i]), { unknown = "skip" }):explain(items)
    end
    return found
  end

  --- The function `read_requests` of a setting: of (model, values, data, wanted), where values are
  -- of the command (support: a file of user, item and rating a line), data are nil or those whose
  -- people have what they did as supports, and wanted is a list of ids (nil: all people). It gives
  -- ids, unknown (ids of whom there is nothing), lists (a function of the first and the last number
  -- and of options of `recommend_all`, giving a list each); given, skipped, outside and empty: how
  -- many entries the supports had until now, how many of them the model does not know, how many
  -- ratings are outside of its scale, and how many supports nothing was left of; diverged: on how
  -- many supports the steps of the model did; supports: how many there are, where that is not one a
  -- person; explain: a function of a number and a list of items, as `Adapted:explain`. Nil and a
  -- message where that cannot be done.
  -- @tparam function of_data of (model, data): ids in order, and a function of an id that gives the
  -- support, a list of {raw id, ..}; nil where there is no such person
  -- @treturn function
  return function(of_data)
    return function(model, values, data, wanted)
      return requests(of_data, model, values, data, wanted)
    end
  end
end
