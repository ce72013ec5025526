--- Recommendations for many at once: people with a support each, or the users of one scenario.
--
-- Some people are adapted to at a time, and some rows scored at a time, so that memory stays the
-- same however many people and items there are.
--
-- @module cmml
local args = require "cmml.base.args"
local declare = require("cmml.base.options").declare
local of = require "cmml.recommenders.list_options"
local raw_ids = require "cmml.data.raw_ids"
local raise = args.error

local known = {
  supports = declare("Recommender:recommend_all", { of.unknown, of.strict, of.n, of.items,
    of.exclude, of.include_support }),
  users = declare("Adapted:recommend_all", { of.n, of.items, of.exclude, of.include_support }),
}

-- Rows scored at once, people adapted to at once, rows of their supports, and people times items.
local most_rows, most_adapted, most_support, most_scores = 8192, 64, 8192, 1 << 22

return function(cmml, use)
  local core = cmml.core
  local Recommender = use "recommenders.recommender"
  local Adapted = use "recommenders.adapted"
  local best = use "recommenders.best"

  -- The rows of the items to choose from.
  local function candidates_of(where, model, opt)
    local items, out, list = model.catalogue.items, {}, {}
    for _, row in ipairs(model.unlisted and model:unlisted() or {}) do
      out[row] = true
    end
    for i, item in ipairs(opt.exclude) do
      out[raw_ids.find(items, item, 4, "%s: entry %d of exclude", where, i) or 0] = true
    end
    for i = 1, opt.items and #opt.items or #items do
      local row = i
      if opt.items then
        row = raw_ids.find(items, opt.items[i], 4, "%s: entry %d of items", where, i)
          or raise(("%s: entry %d of items: item %s is not in the catalogue of %d"):format(where, i,
            tostring(opt.items[i]), #items), 4)
      end
      if not out[row] then
        list[#list + 1], out[row] = row, true
      end
    end
    return list
  end

  -- Puts what a person has below everything else in scores [people, items] of a piece.
  local function without_taken(scores, first, last, some, taken)
    local place, at = {}, {}
    for i, row in ipairs(some) do
      place[row] = i
    end
    for i = first, last do
      for row in pairs(taken(i)) do
        at[#at + 1] = place[row] and (i - first) * #some + place[row] or nil
      end
    end
    if #at == 0 then
      return scores
    end
    local flat = scores:reshape { -1, 1 }:scatter_add_rows(core.full({ #at, 1 }, -math.huge),
      core.ids(at))
    return flat:reshape { last - first + 1, #some }
  end

  -- The people of a piece whose scores are not all finite numbers: true by number.
  local function note_not_finite(noted, scores, first, last, n_items)
    if scores:isfinite() then
      return
    end
    local values = scores:totable()
    for i = first, last do
      for k = 1, n_items do
        local value = values[(i - first) * n_items + k]
        noted[i] = noted[i] or value - value ~= 0 or nil
      end
    end
  end

  -- Scores [people, items] of a piece for some people, -inf for what one has.
  local function scores_of_piece(score, rows, first, last, some, taken, noted)
    local scores = score(rows)
    note_not_finite(noted, scores, first, last, #some)
    return without_taken(scores:reshape { last - first + 1, #some }, first, last, some, taken)
  end

  -- The n best of the candidates for `count` people of one state: a list each, false for one whose
  -- scores are not finite numbers. rows_of(first, last, items) gives the Rows of some people, each
  -- with these items; taken(i) the set of item rows that one has; score(rows) what orders them.
  local function best_lists(model, score, count, rows_of, taken, candidates, n)
    local lists, noted, pieces = {}, {}, {}
    local size = math.max(1, math.min(#candidates, most_rows))
    for at = 1, #candidates, size do
      pieces[#pieces + 1] = table.move(candidates, at, math.min(at + size - 1, #candidates), 1, {})
    end
    local people = most_rows // size
    for first = 1, count, people do
      local last, k = math.min(first + people - 1, count), 0
      local scores, rows = best.rows(n, function()
        k = k + 1
        local some = pieces[k]
        return some and core.tidy(scores_of_piece, score, rows_of(first, last, some), first, last,
          some, taken, noted), some
      end)
      for i = first, last do
        lists[i] = not noted[i] and best.entries(model.catalogue.items, scores[i - first + 1] or {},
          rows[i - first + 1] or {})
      end
    end
    return lists
  end

  -- Adds to the entries of the lists of some people the ratings that a model expects; a list is
  -- false from then on where one of them is no finite number.
  local function add_expected(model, state, read, lists)
    local rows = {}
    for i, list in ipairs(lists) do
      rows[i] = {}
      for k, entry in ipairs(list or {}) do
        rows[i][k] = model.catalogue.items:id(entry.item)
      end
    end
    local expected, at = model:scores_of(state, read.each(rows)):totable(), 0
    for i, list in ipairs(lists) do
      for k, entry in ipairs(list or {}) do
        local value = expected[at + k]
        entry.expected = value
        lists[i] = value - value == 0 and lists[i]
      end
      at = at + #rows[i]
    end
  end

  local function nothing()
    return {}
  end

  -- The supports from one on that are adapted to at once.
  local function batch_from(supports, first, n_items)
    local some, rows = {}, 0
    local most_people = math.max(1, math.min(most_adapted, most_scores // math.max(1, n_items)))
    for i = first, #supports do
      local size = type(supports[i]) == "table" and #supports[i] or 0
      if #some == most_people or #some > 0 and rows + size > most_support then
        break
      end
      some[#some + 1], rows = supports[i], rows + size
    end
    return some
  end

  --- The items with the highest scores for many people, each with a support of their own: many are
  -- adapted to and scored at once. In a setting whose models know users by id, see
  -- `Adapted:recommend_all`.
  -- @tparam table supports list of supports, each as `adapt` takes it
  -- @tparam[opt] table options see below
  -- @treturn table for each support a list of {item, title, score}, best first, as `recommend`
  -- gives it (with `expected` where it does); false where the scores are not finite numbers
  -- @treturn table for each support what was left out of it
  -- @treturn table for each support the list of {item, rating} that are outside of the scale of the
  -- model
  -- @treturn table for each support what diverged, as `Adapted` has it, or false
  -- @usage
  -- local anna, ben = { { "15", 5 } }, { { "9", 1 }, { "5", 4 } }
  -- local lists = model:recommend_all({ anna, ben }, { n = 3 })
  -- print(#lists, lists[2][1].item)
  function Recommender:recommend_all(supports, options)
    local opt = known.supports:check(options)
    local setting = self.setting
    if type(supports) ~= "table" then
      raise("recommend_all: a list of supports was expected, not " .. args.describe(supports), 2)
    end
    args.list("recommend_all: the supports", supports, 3)
    if not setting.read_supports then
      raise(("recommend_all: in the setting %s a support is not one person's; adapt to it, and "
        .. "call recommend_all of what that gives"):format(setting.name), 2)
    end
    local candidates = candidates_of("recommend_all", self:lister(), opt)
    local lists, skipped, outside, diverged, first = {}, {}, {}, {}, 1
    while first <= #supports do
      local some = batch_from(supports, first, #self.catalogue.items)
      local read = setting.read_supports(self, some, { unknown = opt.unknown, strict = opt.strict,
        first = first })
      local ranker = self:lister()
      local state, bad = ranker:state_of(read.rows)
      local most = 2 * #candidates >= #self.catalogue.items
      local score = ranker:list_scorer(state, most and #some or nil)
      local found = best_lists(ranker, score, #some, read.list,
        opt.include_support and nothing or read.taken, candidates, opt.n)
      if ranker ~= self then
        local own, own_bad = self:state_of(read.rows)
        core.tidy(add_expected, self, own, read, found)
        bad = table.move(own_bad, 1, #own_bad, #bad + 1, table.move(bad, 1, #bad, 1, {}))
      end
      table.move(found, 1, #some, #lists + 1, lists)
      table.move(read.skipped, 1, #some, #skipped + 1, skipped)
      table.move(read.outside, 1, #some, #outside + 1, outside)
      for i = first, first + #some - 1 do
        diverged[i] = false
      end
      for _, what in ipairs(bad) do
        diverged[first + what.task - 1] = { step = what.step, loss = what.loss }
      end
      first = first + #some
    end
    return lists, skipped, outside, diverged
  end

  --- The items with the highest scores for many users, after one support: in the setting scenarios.
  -- @tparam table users list of raw ids
  -- @tparam[opt] table options see below
  -- @treturn table for each user a list of {item, title, score}, best first, as `recommend` gives
  -- it; false where the scores are not finite numbers
  function Adapted:recommend_all(users, options)
    local opt = known.users:check(options)
    local catalogue, read, rows = self.model.catalogue, self.read, {}
    if not catalogue.users.ids or not read.lists then
      raise("recommend_all: the model was adapted to one person's own support; "
        .. "Recommender:recommend_all takes many supports", 2)
    elseif type(users) ~= "table" then
      raise("recommend_all: a list of users was expected, not " .. args.describe(users), 2)
    end
    args.list("recommend_all: the users", users, 3)
    for i, user in ipairs(users) do
      rows[i] = raw_ids.find(catalogue.users, user, 2, "recommend_all: entry %d", i)
        or raise(("recommend_all: entry %d: user %s is not in the catalogue of %d"):format(i,
          tostring(user), #catalogue.users), 2)
    end
    local score = self.model:list_scorer(self.state)
    return best_lists(self.model, score, #rows, function(first, last, items)
      return read.lists(table.move(rows, first, last, 1, {}), items)
    end, function(i)
      return opt.include_support and {} or read.taken(rows[i])
    end, candidates_of("recommend_all", self.model, opt), opt.n)
  end
end
