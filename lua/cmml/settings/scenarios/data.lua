--- Who took what, and groups of items that are scenarios: tags, genres, attributes, themes.
--
-- @module cmml
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"
local group_list = require "cmml.settings.scenarios.group_list"
local of_scenarios = require "cmml.settings.scenarios.shared_options"
local sets = require "cmml.base.options"
local raw_ids = require "cmml.data.raw_ids"
local shared = require "cmml.base.shared_options"
local raise = args.error

local filters = require "cmml.settings.scenarios.filter_options"

local known = sets.declare("scenarios.data", {
  { name = "name", kind = "string", default = "data",
    help = "name of the set, in messages, tables and unions" },
  { name = "interactions", kind = "table", help = "list of {user, item} in raw ids; or give users, "
    .. "items, user_ids and item_ids" },
  of_scenarios.users, of_scenarios.items,
  { name = "user_ids", kind = "any", help = "Ids: a row of users for every interaction" },
  { name = "item_ids", kind = "any", help = "Ids: a row of items for every interaction" },
  { name = "groups", kind = "any", required = true, help = "list of {name, items = Ids or list of "
    .. "row numbers or of raw ids as text, domain = text or nil}; or what data.read_groups or "
    .. "data.group_by gives; or a function for data.group_by" },
  { name = "titles", kind = "table", help = "list of texts by row of items" },
  filters[1], filters[2], filters[3],
  sets.changed(shared.unknown, {
    help = "what happens to raw ids in a list of groups that no interaction has" }),
  { name = "raises", kind = "boolean", default = true,
    help = "false: nil and a message where there is no interaction, or no group is a scenario" },
})

return function(cmml, use)
  local core = cmml.core
  local stats = use "data.stats"
  --- Interactions and scenarios; see `scenarios.data`.
  -- @tfield string name
  -- @tfield Vocab users raw ids
  -- @tfield Vocab items raw ids
  -- @tfield table interactions by user: users (Segments, one a user), items (Ids, rising within a
  -- user, each once)
  -- @tfield table scenarios list of {name, items (Ids, rising: those that somebody took), domain}
  -- @tfield ?table titles by row of `items`
  -- @tfield integer duplicates repeated interactions that were merged
  -- @tfield integer unknown_items items of the groups that are not among `items`
  -- @tfield table left_out list of {name, reason, domain}: groups that are no scenarios
  -- @tfield ?table parts of a union: list of {name, n_users, n_items}
  local ScenarioData = { __name = "cmml.ScenarioData" }
  ScenarioData.__index = ScenarioData
  cmml.scenarios.Data = ScenarioData -- split.lua adds to it

  local function is_class(value, class)
    local meta = getmetatable(value)
    return type(meta) == "table" and tostring(meta.__name):match "[^.]*$" == class
  end

  local function fail(level, message, ...)
    raise("scenarios.data: " .. message:format(...), level + 1)
  end

  -- users, items, user_ids and item_ids from a list of {user, item}.
  local function columns_of(list, level)
    local users, items, user_ids, item_ids = core.vocab(), core.vocab(), {}, {}
    for i, row in ipairs(list) do
      if type(row) ~= "table" or row[1] == nil or row[2] == nil then
        fail(level + 1, "interaction %d must be {user, item}, not %s", i,
          type(row) == "table" and "a list of less" or type(row))
      end
      user_ids[i] = raw_ids.add(users, row[1], level + 1, "scenarios.data: interaction %d: user", i)
      item_ids[i] = raw_ids.add(items, row[2], level + 1, "scenarios.data: interaction %d: item", i)
    end
    return users, items, core.ids(user_ids), core.ids(item_ids)
  end

  -- The four columns, however they were given.
  local function read_columns(opt, level)
    if opt.interactions then
      if opt.users or opt.items or opt.user_ids or opt.item_ids then
        fail(level + 1, "interactions come as raw ids, or as users, items, user_ids and item_ids; "
          .. "not both")
      end
      local users, items, user_ids, item_ids = columns_of(opt.interactions, level + 1)
      return users, items, user_ids, item_ids -- no tail call, which would leave out a level
    end
    for _, key in ipairs { "users", "items", "user_ids", "item_ids" } do
      local class = key:find "_ids" and "Ids" or "Vocab"
      if not is_class(opt[key], class) then
        fail(level + 1, "option %s must be %s, not %s (or give interactions: a list of {user, "
          .. "item})", key, class, type(opt[key]))
      end
    end
    if #opt.user_ids ~= #opt.item_ids then
      fail(level + 1, "%d user_ids, but %d item_ids: one of each an interaction", #opt.user_ids,
        #opt.item_ids)
    end
    return opt.users, opt.items, opt.user_ids, opt.item_ids
  end

  -- A matrix of who took what, each place once.
  local function matrix(level, what, ...)
    local ok, result = pcall(core.sparse, ...)
    return ok and result or fail(level + 1, "%s: %s", what, result)
  end

  -- The groups as columns, however they were given.
  local function read_groups(opt, items, level)
    local given = opt.groups
    if type(given) == "function" then
      given = cmml.data.group_by(items, given)
    elseif type(given) ~= "table" then
      fail(level + 1, "option groups must be a list, a function or what data.read_groups gives, "
        .. "not %s", type(given))
    end
    if not given.group_ids then
      local result, message = group_list(core, given, items, opt.unknown == "error")
      given = result or fail(level + 1, "%s", message)
    end
    local seen = {}
    for _, name in ipairs(given.names) do
      if seen[name] then
        fail(level + 1, "two groups have the name %s: join their items, or tell them apart",
          args.quote(name))
      end
      seen[name] = true
    end
    return given
  end

  local function reason(opt, n_items, n_users)
    if n_items < opt.min_items then
      return ("%d items that somebody took, fewer than %d"):format(n_items, opt.min_items)
    elseif n_items > opt.max_items then
      return ("%d items that somebody took, more than %d"):format(n_items, opt.max_items)
    end
    return ("%d users took any of its items, fewer than %d"):format(n_users, opt.min_users)
  end

  -- What to say where no group is a scenario.
  local function none_left(name, opt, sizes)
    plain.sort(sizes)
    local seen = #sizes == 0 and "there are no groups" or
      ("none of the %d groups is a scenario: they have %d to %d items that somebody took (median "
      .. "%d)"):format(#sizes, sizes[1], sizes[#sizes], sizes[(#sizes + 1) // 2])
    return ("%s: %s; a scenario needs %d to %d such items and %d users (%s, %s, %s)"):format(name,
      seen, opt.min_items, opt.max_items, opt.min_users, args.option "min_items",
      args.option "max_items", args.option "min_users")
  end

  -- Sorts the groups into scenarios and those left out.
  local function choose(self, groups, by_item, opt, level)
    local rows = core.select_ids(groups.item_ids, groups.item_ids)
    local by_group = matrix(level + 1, "groups",
      core.select_ids(groups.group_ids, groups.item_ids), rows, nil, #groups.names, #self.items)
    local found = core.group_items(by_group, by_item, opt)
    local domains = groups.domains or {}
    for g, name in ipairs(groups.names) do
      if found.items[g] then
        self.scenarios[#self.scenarios + 1] = { name = name, items = found.items[g],
          domain = domains[g] }
      else
        self.left_out[#self.left_out + 1] = { name = name, domain = domains[g],
          reason = reason(opt, found.n_items[g], found.n_users[g]) }
      end
    end
    return #self.scenarios > 0 or nil, none_left(opt.name, opt, found.n_items)
  end

  -- The data set of checked options; nil and a message where they hold nothing to learn from.
  local function make(opt, level)
    local users, items, user_ids, item_ids = read_columns(opt, level + 1)
    if #user_ids == 0 then
      return nil, opt.name .. ": there are no interactions"
    end
    local by_user = matrix(level + 1, "interactions (a row is a user, a column an item)", user_ids,
      item_ids, nil, #users, #items)
    local groups = read_groups(opt, items, level + 1)
    local self = setmetatable({ name = opt.name, users = users, items = items,
      interactions = { users = by_user.rows, items = by_user.columns }, scenarios = {},
      left_out = {}, titles = opt.titles, duplicates = #user_ids - #by_user.columns,
      unknown_items = groups.unknown_items or 0 }, ScenarioData)
    local by_item = core.sparse(by_user.columns, by_user.rows:groups(), nil, #items, #users)
    local ok, message = choose(self, groups, by_item, opt, level + 1)
    return ok and self or nil, not ok and message or nil
  end

  --- Interactions and scenarios. An interaction says that a user took an item, a scenario is a
  -- group of items; only items that somebody took count.
  -- @tparam table options see below
  -- @treturn ?ScenarioData
  -- @treturn ?string message, which tells the sizes of the groups where none is a scenario
  function cmml.scenarios.data(options)
    local opt = known:check(options)
    if opt.max_items < opt.min_items then
      fail(2, "%s (%d) must not be above %s (%d)", args.option "min_items", opt.min_items,
        args.option "max_items", opt.max_items)
    end
    local data, message = make(opt, 2)
    if not data and opt.raises then
      fail(2, "%s", message)
    end
    return data, message
  end

  --- What users took of items that lie in no scenario: the source domain of models that learn from
  -- two domains. Items of groups that are no scenarios count, too.
  -- @tparam[opt] table interactions who took what, as far as it may be known: users (Segments,
  -- one a user of the data), items (Ids); default all
  -- @treturn table users (Segments, one a user), items (Ids, rising within a user), domain (Ids,
  -- rising: all items in no scenario), known (number of users who took any), common (number of
  -- those who took items of scenarios as well)
  function ScenarioData:source_domain(interactions)
    interactions = interactions or self.interactions
    args.expect("ScenarioData:source_domain: interactions", interactions, "table")
    if not is_class(interactions.users, "Segments") or not is_class(interactions.items, "Ids")
      or #interactions.users ~= #self.users
      or interactions.users:rows() ~= #interactions.items then
      raise(("ScenarioData:source_domain: interactions must be of users (Segments, one for each of "
        .. "the %d) and items (Ids, as many as these cover)"):format(#self.users), 2)
    end
    local outside, rows = {}, {}
    for row = 1, #self.items do
      outside[row] = row
    end
    for _, scenario in ipairs(self.scenarios) do
      for _, row in ipairs(scenario.items:totable()) do
        outside[row] = 0
      end
    end
    for row, kept in ipairs(outside) do
      rows[#rows + 1] = kept > 0 and row or nil
    end
    local places = core.map_ids(interactions.items, core.ids(outside))
    local people = interactions.users:groups()
    local of = core.sparse(core.select_ids(people, places), core.select_ids(places, places), nil,
      #self.users, #self.items)
    local n_known, common, all = 0, 0, interactions.users:totable()
    for user, count in ipairs(of.rows:totable()) do
      n_known = n_known + (count > 0 and 1 or 0)
      common = common + (count > 0 and count < all[user] and 1 or 0)
    end
    return { users = of.rows, items = of.columns, domain = core.ids(rows), known = n_known,
      common = common }
  end

  --- What the data are, in numbers.
  -- @treturn table see data/stats.lua
  function ScenarioData:stats()
    local found = stats.of { name = self.name, kind = "interactions",
      users = self.interactions.users, items = self.interactions.items, n_items = #self.items,
      duplicates = self.duplicates }
    local sizes = {}
    for i, scenario in ipairs(self.scenarios) do
      sizes[i] = #scenario.items
    end
    plain.sort(sizes)
    local source = self:source_domain()
    found.more = { { "scenarios", #sizes, ("%d, of %d to %d items (median %d)"):format(#sizes,
      sizes[1], sizes[#sizes], sizes[(#sizes + 1) // 2]) },
      { "left_out", #self.left_out, ("%d groups that are no scenarios"):format(#self.left_out) },
      { "source", { items = #source.domain, interactions = #source.items, users = source.known,
        common_users = source.common }, ("%d items in none of them (the source domain): %d "
        .. "interactions of %d users, of whom %d took items of scenarios, too"):format(
        #source.domain, #source.items, source.known, source.common) },
      { "unmatched", { items = self.unknown_items }, ("%d items of groups without an interaction")
        :format(self.unknown_items) } }
    return found
  end

  --- The number of a scenario by its name.
  -- @tparam string name
  -- @treturn ?integer nil if there is none
  -- @treturn ?string message, with the nearest name or why the group is no scenario
  function ScenarioData:find(name)
    local names = {}
    for number, scenario in ipairs(self.scenarios) do
      if scenario.name == name then
        return number
      end
      names[number] = scenario.name
    end
    for _, group in ipairs(self.left_out) do
      if group.name == name then
        return nil, ("%s: %s is no scenario: %s"):format(self.name, name, group.reason)
      end
    end
    local near = args.nearest(plain.tostring(name), names)
    return nil, ("%s: there is no scenario %s%s"):format(self.name, args.shown(name),
      near and "; did you mean " .. near .. "?" or "")
  end

  function ScenarioData:__tostring()
    return ("[cmml.scenarios.Data %s: %d interactions, %d users, %d items, %d scenarios]"):format(
      self.name, #self.interactions.items, #self.users, #self.items, #self.scenarios)
  end
end
