--- Splits of scenario data: which scenarios to learn from, and what of their users is held out.
--
-- @module cmml
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"
local sets = require "cmml.base.options"
local query_fraction = require "cmml.settings.scenarios.query_fraction"
local shared = require "cmml.base.shared_options"
local raise = args.error

local function fraction(name, default, help)
  return { name = name, kind = "number", default = default, from = 0, below = 1, help = help }
end

local known = sets.declare("scenarios.split", {
  sets.changed(shared.seed, { help = "seed of the split" }),
  { name = "protocol", kind = "string", choices = { "no-leak", "published" }, default = "no-leak",
    help = "whether what is evaluated is held out from all scenarios" },
  fraction("held_out", 0.2, "fraction of a user's interactions held out for the test, rounded by "
    .. "chance"),
  fraction("valid_held_out", 0.1, "fraction held out for validation"),
  query_fraction,
  fraction("valid", 0.1, "fraction of the scenarios of each domain for validation"),
  fraction("test", 0.2, "fraction of the scenarios of each domain for the test"),
  { name = "support_pairs", kind = "integer", default = 512, from = 0, unit = "pairs",
    help = "number of support pairs of a scenario that is evaluated as published" },
})

return function(cmml, use)
  use "settings.scenarios.data"
  local core = cmml.core
  --- What may be learnt from, and what is evaluated on; see `scenarios.split`. Who took what is
  -- {users = Segments, one a user; items = Ids, rising within a user}.
  -- @tfield ScenarioData data
  -- @tfield string protocol "no-leak" or "published"
  -- @tfield boolean leaky whether what is evaluated was there to be learnt from: say so in every
  -- table
  -- @tfield table known who took what, as far as it may be learnt from
  -- @tfield table background the part of it that vectors are to be made of
  -- @tfield ?table fresh the other part, which training asks for; nil: there is none
  -- @tfield table held_valid who took what, held out for validation
  -- @tfield table held_test held out for the test
  -- @tfield table train numbers of scenarios in `data.scenarios`
  -- @tfield table valid likewise
  -- @tfield table test likewise
  -- @tfield table left_out list of {scenario, reason}: those that no task can be drawn from
  -- @tfield table options of `scenarios.split`
  local ScenarioSplit = { __name = "cmml.ScenarioSplit", setting = "scenarios" }
  ScenarioSplit.__index = ScenarioSplit
  cmml.scenarios.Split = ScenarioSplit -- the files beside this one add to it

  local function read_options(options)
    local opt = known:check(options, 4)
    for _, pair in ipairs { { "held_out", "valid_held_out" }, { "valid", "test" } } do
      local sum = opt[pair[1]] + opt[pair[2]]
      if sum >= 1 then
        raise(plain.format("scenarios.split: %s and %s must be below 1 together, not %g: "
          .. "nothing is left to learn from", pair[1], pair[2], sum), 3)
      end
    end
    return opt
  end

  local function check_data(data)
    if type(data) ~= "table" or type(data.scenarios) ~= "table"
      or type(data.interactions) ~= "table" then
      raise("scenarios.split: data of scenarios.data were expected, not " .. args.describe(data),
        3)
    elseif #data.scenarios == 0 then
      raise(("scenarios.split: %s has no scenarios: the filters of the data left none"):format(
        tostring(data.name)), 3)
    end
  end

  -- The items of all scenarios, one behind the other.
  local function candidates_of(data)
    local items, lengths = {}, {}
    for s, scenario in ipairs(data.scenarios) do
      local list = scenario.items:totable()
      if #list < 2 then
        raise(("scenarios.split: scenario %s has %d items; a negative beside a positive needs "
          .. "two"):format(tostring(scenario.name), #list), 3)
      end
      table.move(list, 1, #list, #items + 1, items)
      lengths[s] = #list
    end
    return { scenarios = core.segments(lengths), items = core.ids(items) }
  end

  -- Scenario numbers by domain, in the order of first appearance: each domain gives its share.
  local function by_domain(data)
    local lists, at = {}, {}
    for s, scenario in ipairs(data.scenarios) do
      local domain = scenario.domain or ""
      if not at[domain] then
        at[domain] = #lists + 1
        lists[at[domain]] = {}
      end
      table.insert(lists[at[domain]], s)
    end
    return lists
  end

  -- train, valid and test scenarios. Of a domain with scenarios enough each part gets one at least.
  local function divide_scenarios(data, opt)
    local parts = { train = {}, valid = {}, test = {} }
    for d, list in ipairs(by_domain(data)) do
      local order = core.choose(#list, #list, { seed = opt.seed, epoch = d,
        stream = core.streams.split }):totable()
      local function size(share)
        return share > 0 and math.max(1, math.floor(share * #list + 0.5)) or 0
      end
      local n_test = math.min(size(opt.test), #list - 1)
      local n_valid = math.min(size(opt.valid), #list - 1 - n_test)
      for i, at in ipairs(order) do
        local part = i <= n_test and "test" or i <= n_test + n_valid and "valid" or "train"
        table.insert(parts[part], list[at])
      end
    end
    for _, list in pairs(parts) do
      plain.sort(list)
    end
    return parts
  end

  local function nobody(data)
    return core.divide_interactions(data.interactions, { 0 }, { least = math.maxinteger })[2]
  end

  -- Held-out interactions of every user; vectors, supports, tasks and negatives see the others.
  local function without_leak(self, opt)
    local data = self.data
    local parts = core.divide_interactions(data.interactions, { opt.valid_held_out, opt.held_out },
      { seed = opt.seed, choice = 1 })
    self.known, self.held_valid, self.held_test = parts[1], parts[2], parts[3]
    self.background = self.known
    if opt.query_fraction > 0 then
      local parted = core.divide_interactions(self.known, { opt.query_fraction }, { seed = opt.seed,
        choice = 2, least = 2 })
      self.background, self.fresh = parted[1], parted[2]
    end
    local function pairs_of(interactions)
      return core.scenario_pairs(interactions, self.candidates)
    end
    local of_known = pairs_of(self.known)
    self.pairs = { known = of_known,
      support = self.fresh and pairs_of(self.background) or of_known,
      query = self.fresh and pairs_of(self.fresh), valid = pairs_of(self.held_valid),
      test = pairs_of(self.held_test) }
    self.removed = { valid = { self.known }, test = { self.known, self.held_valid } }
  end

  -- Everything may be learnt from; users of the other scenarios are divided within each.
  local function as_published(self, opt)
    local data = self.data
    self.known, self.background = data.interactions, data.interactions
    self.held_valid, self.held_test = nobody(data), nobody(data)
    local evaluated = table.move(self.valid, 1, #self.valid, 1, {})
    table.move(self.test, 1, #self.test, #evaluated + 1, evaluated)
    local all = core.scenario_pairs(data.interactions, self.candidates)
    local support, held = core.divide_pairs(all, core.ids(evaluated), opt.support_pairs, opt.seed)
    self.pairs = { known = support, support = support, valid = held, test = held }
    self.removed = { valid = {}, test = {} }
  end

  -- Training scenarios that a task can be drawn from.
  local function usable(self)
    local support, query = self.pairs.support.scenarios:totable(),
      self.pairs.query and self.pairs.query.scenarios:totable()
    local list = {}
    for _, s in ipairs(self.train) do
      if query and (support[s] < 1 or query[s] < 1) or support[s] < 2 then
        self.left_out[#self.left_out + 1] = { scenario = s, reason = ("%d pairs to adapt to%s")
          :format(support[s], query and (" and %d to ask for"):format(query[s]) or "") }
      else
        list[#list + 1] = s
      end
    end
    return list
  end

  --- Splits scenario data. Protocol "no-leak": some scenarios are kept for validation and test,
  -- and of every user with at least 3 interactions a random share is held out, in all scenarios:
  -- items belong to several scenarios, so that without it most of what a test scenario asks for
  -- would have been learnt from others. Vectors, supports, training and negatives see `known`
  -- alone. Protocol "published": the scenarios alone are split; within one that is evaluated, users
  -- are: the first in random order, until they have 512 pairs (half of them at most), are the
  -- support. What is evaluated there was in the vectors and in other scenarios: the split is
  -- `leaky`.
  -- @tparam ScenarioData data
  -- @tparam[opt] table options see below
  -- @treturn ScenarioSplit
  function cmml.scenarios.split(data, options)
    local opt = read_options(options)
    check_data(data)
    local self = setmetatable({ data = data, options = opt, protocol = opt.protocol,
      leaky = opt.protocol == "published", candidates = candidates_of(data), left_out = {} },
      ScenarioSplit)
    for part, list in pairs(divide_scenarios(data, opt)) do
      self[part] = list
    end
    if self.leaky then
      as_published(self, opt)
    else
      without_leak(self, opt)
    end
    self.train = usable(self)
    return self
  end

  --- Splits the data; see `scenarios.split`.
  -- @tparam[opt] table options
  -- @treturn ScenarioSplit
  function cmml.scenarios.Data:split(options)
    return cmml.scenarios.split(self, options)
  end

  function ScenarioSplit:__tostring()
    return ("[cmml.scenarios.Split of %s, %s: %d, %d and %d scenarios to learn from, choose by and "
      .. "test on]"):format(tostring(self.data.name), self.protocol, #self.train, #self.valid,
      #self.test)
  end

  return ScenarioSplit
end
