--- Recommenders of the scenario setting: what they offer beside the interface of all recommenders.
--
-- They adapt to the labelled (user, item) pairs of a scenario, not to the ratings of a person, so
-- their supports have users, and rows to be scored name a user each:
--
--    class:adapt_rows(support) -> state             support: segments, users, items, labels (1, 0)
--    class:score_rows(state, items, segments, users) -> scores [rows]
--
-- @module cmml
local args = require "cmml.base.args"
local best_items = require "cmml.recommenders.best_items"
local raise = args.error

return function(cmml)
  local core = cmml.core
  --- A recommender that has seen a few labelled pairs of a scenario.
  -- @tfield Recommender model
  -- @tfield any state of the model
  -- @tfield table pairs list of {user, item, label}: rows of the support
  local AdaptedScenario = { __name = "cmml.AdaptedScenario" }
  AdaptedScenario.__index = AdaptedScenario

  -- The row of a raw id; raises where there is none.
  local function row_of(what, side, vocab, raw, level)
    if type(raw) ~= "string" and math.type(raw) == nil then
      raise(("%s: a raw id of %s was expected, not %s"):format(what, side, type(raw)), level + 1)
    end
    return vocab:id(raw) or raise(("%s: %s %s is not among the %d that the model knows"):format(
      what, side, tostring(raw), #vocab), level + 1)
  end

  --- Adapts to labelled pairs of one scenario: one forward pass over them.
  -- @tparam table support list of {user, item, 1 or 0} with raw ids; may be empty; a pair that is
  -- there twice counts once
  -- @treturn AdaptedScenario with predict and recommend
  local function adapt(self, support)
    if type(support) ~= "table" then
      raise("adapt: the support must be a list of {user, item, 1 or 0}, not " .. type(support), 2)
    end
    local catalogue, pairs_, users, items, labels = self.catalogue, {}, {}, {}, {}
    local seen = {}
    for i, entry in ipairs(support) do
      local label = type(entry) == "table" and entry[3]
      if label ~= 1 and label ~= 0 then
        raise(("adapt: entry %d must be {user, item, 1 or 0}"):format(i), 2)
      end
      local what = ("adapt: entry %d"):format(i)
      local user = row_of(what, "user", catalogue.users, entry[1], 2)
      local item = row_of(what, "item", catalogue.items, entry[2], 2)
      local key, n = user << 32 | item, #pairs_ + 1
      if not seen[key] then
        seen[key], pairs_[n] = label, { user, item, label }
        users[n], items[n], labels[n] = user, item, label
      elseif seen[key] ~= label then
        raise(("%s: user %s is said to have taken item %s, and not to have"):format(what,
          tostring(entry[1]), tostring(entry[2])), 2)
      end
    end
    local state = cmml.no_grad(self.adapt_rows, self, { segments = core.segments { #users },
      users = core.ids(users), items = core.ids(items),
      labels = #labels > 0 and core.tensor(labels) or core.full({ 0 }, 0) })
    return setmetatable({ model = self, state = state, pairs = pairs_ }, AdaptedScenario)
  end

  -- Scores of item rows for a user's row.
  local function scores_of(self, user, rows)
    local users = {}
    for i = 1, #rows do
      users[i] = user
    end
    local scores = cmml.no_grad(self.model.score_rows, self.model, self.state, core.ids(rows),
      core.segments { #rows }, core.ids(users))
    if not scores:isfinite() then
      raise(("%s: its scores are not finite numbers: the weights are out of all bounds"):format(
        tostring(self.model)), 3)
    end
    return scores
  end

  --- Scores of items for a user; only their order means anything.
  -- @tparam string|number user raw id
  -- @tparam table items list of raw ids
  -- @treturn table list of numbers
  function AdaptedScenario:predict(user, items)
    local catalogue, rows = self.model.catalogue, {}
    local row = row_of("predict", "user", catalogue.users, user, 2)
    if type(items) ~= "table" then
      raise("predict: a list of items was expected, not " .. type(items), 2)
    end
    for i, item in ipairs(items) do
      rows[i] = row_of(("predict: entry %d"):format(i), "item", catalogue.items, item, 2)
    end
    return #rows > 0 and scores_of(self, row, rows):totable() or {}
  end

  --- The items with the highest scores for a user; equal ones in the order of the catalogue.
  -- @tparam table options user (raw id), n (default 10), items (list of raw ids to choose from,
  -- such as those of the scenario; default: all), exclude (list of raw ids; unknown ones do no
  -- harm), include_support (true: items that the support has as positives of the user may come,
  -- too)
  -- @treturn table list of {item, title, score}, best first; shorter if there are not n items
  function AdaptedScenario:recommend(options)
    local opt = args.check("recommend", options, { user = "any", n = { "integer", 10 },
      items = "table?", exclude = { "table", {} }, include_support = { "boolean", false } })
    if opt.n < 0 then
      raise(("recommend: n must not be negative, but is %d"):format(opt.n), 2)
    end
    local catalogue, out, all = self.model.catalogue, {}, {}
    local user = row_of("recommend", "user", catalogue.users, opt.user, 2)
    for _, item in ipairs(opt.exclude) do
      out[catalogue.items:id(item) or 0] = true
    end
    for _, pair in ipairs(opt.include_support and {} or self.pairs) do
      out[pair[1] == user and pair[3] == 1 and pair[2] or 0] = true
    end
    for i = 1, opt.items and #opt.items or #catalogue.items do
      local row = opt.items and row_of(("recommend: entry %d of items"):format(i), "item",
        catalogue.items, opt.items[i], 2) or i
      if not out[row] then
        all[#all + 1], out[row] = row, true
      end
    end
    return best_items(catalogue, all, opt.n, function()
      return scores_of(self, user, all)
    end)
  end

  --- A kind of recommender of the scenario setting; see `recommender_class`. It adapts to lists of
  -- {user, item, 1 or 0}, and its model files hold a ScenarioCatalogue.
  -- @tparam string kind
  -- @tparam string title for tables
  -- @treturn Recommender the class
  function cmml.scenario_recommender_class(kind, title)
    local class = cmml.recommender_class(kind, title)
    class.setting, class.adapt = "scenario", adapt
    class.import_catalogue = cmml.import_scenario_catalogue
    return class
  end
end
