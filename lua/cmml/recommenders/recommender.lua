--- Recommenders: one interface for everything that adapts to a person.
--
-- A kind of recommender is a class made by `cmml.recommender_class`. It has to provide
--
--    class:adapt_rows(support, users) -> state      support: segments, items, labels of several
--                                                   tasks; users: {bags, rows}, a row a task
--    class:score_rows(state, items, segments) -> scores [rows]
--    class:tensors() -> list of {name, tensor}      what a model file has to keep
--    class.restore(catalogue, options, tensors)     the recommender from it
--
-- and either `loss(batch)` with `module` (learnt by gradients) or `fit(ratings)` (counted).
-- Trainer, evaluator, checkpoints and command line know nothing else.
--
-- @module cmml
local args = require "cmml.base.args"
local best_items = require "cmml.recommenders.best_items"
local raise = args.error

return function(cmml)
  local core = cmml.core
  --- What every kind of recommender is; see `recommender_class`. A kind that learns by gradients
  -- has `loss` and `module` besides, one that is counted has `fit`.
  -- @tfield string kind its name in `recommenders` and in model files
  -- @tfield string title for tables
  -- @tfield Catalogue catalogue the items it knows
  -- @tfield table options what it was made with
  -- @tfield ?Module module of a kind that learns: its weights
  -- @tfield ?table training of a kind that learns: the preset's defaults for `train`
  -- @tfield function adapt_rows of (support, users): the state of several tasks
  -- @tfield function score_rows of (state, items, segments): scores [rows]
  -- @tfield function tensors of (): list of {name, tensor} that a model file keeps
  -- @tfield table integers which of these are lists of integers instead: true by name
  -- @tfield ?function loss of (batch): what training minimises
  -- @tfield ?function prepare of (data): what comes before the first step of a training
  -- @tfield ?function fit of (ratings, users): counts
  -- @tfield ?function import_catalogue of a kind with catalogues of its own: see `import_catalogue`
  -- @tfield ?string setting "scenario" where states and scores are of users and items; see
  -- `scenario_recommender_class`
  local Recommender = { __name = "cmml.Recommender", integers = {} }
  Recommender.__index = Recommender
  cmml.Recommender = Recommender -- checkpoint.lua adds to it
  --- A recommender that knows what one person rated.
  -- @tfield Recommender model
  -- @tfield table rows items of the support, as rows of the catalogue
  -- @tfield table skipped raw ids of the support that the model does not know
  -- @tfield any state of the model
  local Adapted = { __name = "cmml.Adapted" }
  Adapted.__index = Adapted
  --- Kinds of recommenders by name.
  cmml.recommenders = {}

  --- A kind of recommender, found by its name in model files and on the command line.
  -- @tparam string kind
  -- @tparam string title for tables
  -- @treturn Recommender the class: objects have it as metatable, and fields catalogue and options
  function cmml.recommender_class(kind, title)
    if type(kind) ~= "string" then
      raise("recommender_class: the name of the kind must be a string, not " .. type(kind), 2)
    end
    if cmml.recommenders[kind] then
      raise(("recommender_class: %s is registered already"):format(kind), 2)
    end
    local class = setmetatable({ __name = "cmml." .. kind, kind = kind, title = title },
      Recommender)
    class.__index = class
    class.__tostring = function(self)
      return ("[cmml recommender %s, %d items]"):format(kind, #self.catalogue.items)
    end
    cmml.recommenders[kind] = class
    return class
  end

  -- Rows of the catalogue and ratings of a support set given with raw ids; the last rating of an
  -- item counts. Unknown items raise, or are listed if the caller said "skip".
  local function read_support(self, support, unknown)
    local rows, labels, at, skipped = {}, {}, {}, {}
    for i, entry in ipairs(support) do
      local item, rating
      if type(entry) == "table" then
        item, rating = entry.item or entry[1], entry.rating or entry[2]
      end
      if type(item) ~= "string" and math.type(item) == nil then
        raise(("adapt: entry %d must be {item, rating}"):format(i), 3)
      elseif math.type(rating) == nil or rating ~= rating or math.abs(rating) == math.huge then
        raise(("adapt: the rating of item %s is %s, not a finite number"):format(
          tostring(item), type(rating) == "string" and ("the text %q"):format(rating)
          or tostring(rating)), 3)
      end
      local row = self.catalogue.items:id(item)
      if row then
        at[row] = at[row] or #rows + 1
        rows[at[row]], labels[at[row]] = row, rating
      elseif unknown == "skip" then
        skipped[#skipped + 1] = item
      else
        raise(("adapt: item %s is not in the catalogue of %d items; unknown = \"skip\" "
          .. "(--skip-unknown) leaves such items out"):format(
          tostring(item), #self.catalogue.items), 3)
      end
    end
    return rows, labels, skipped
  end

  -- What stands beside the list, as ratings by item or behind a gap, would be passed over, too.
  local function check_list(support)
    for key in pairs(support) do
      if key ~= "user" and not (math.type(key) == "integer" and key >= 1 and key <= #support) then
        raise(("adapt: the support must be a list of {item, rating} without gaps; only user may "
          .. "stand beside it, not %s"):format(tostring(key)), 3)
      end
    end
  end

  -- Fields of a person that the model does not have would be passed over in silence.
  local function check_fields(self, user)
    local names = {}
    for i, field in ipairs(self.catalogue.schema.user) do
      names[i] = field[1]
    end
    for name in pairs(user) do
      local known = false
      for _, field in ipairs(names) do
        known = known or field == name
      end
      if not known then
        raise(("adapt: the model knows nothing of a user's %s; its fields are %s"):format(
          tostring(name), #names > 0 and table.concat(names, ", ") or "none"), 3)
      end
    end
  end

  -- Finite in Lua is not always finite in the core's precision.
  local function labels_tensor(labels)
    local tensor = #labels > 0 and core.tensor(labels) or core.full({ 0 }, 0)
    if not tensor:isfinite() then
      raise("adapt: a rating is too large for " .. core.info().dtype, 3)
    end
    return tensor
  end

  --- Adapts to a person: one forward pass over what the person rated.
  -- @tparam table support list of {item, rating} with raw ids; may be empty; of several ratings of
  -- an item the last one counts, as what a person thinks now; field user = a table
  -- of values by field name, if anything is known of the person
  -- @tparam[opt] table options unknown = "error" (default) or "skip" for items that the model does
  -- not know
  -- @treturn Adapted with predict, recommend, and skipped (unknown items that were left out)
  function Recommender:adapt(support, options)
    local opt = args.check("adapt", options, { unknown = { "string", "error" } })
    args.one_of("adapt: unknown", opt.unknown, { "error", "skip" })
    if type(support) ~= "table" then
      raise("adapt: the support must be a list of {item, rating}", 2)
    elseif support.user ~= nil and type(support.user) ~= "table" then
      raise("adapt: user must be a table of values by field name, not " .. type(support.user), 2)
    end
    check_list(support)
    check_fields(self, support.user or {})
    local rows, labels, skipped = read_support(self, support, opt.unknown)
    local users = { bags = self.catalogue:bags("user", { support.user or {} }),
      rows = core.ids { 1 } }
    local state = cmml.no_grad(self.adapt_rows, self, {
      segments = core.segments { #rows }, items = core.ids(rows), labels = labels_tensor(labels),
    }, users)
    return setmetatable({ model = self, state = state, rows = rows, skipped = skipped }, Adapted)
  end

  local function finite_scores(self, rows)
    local scores = cmml.no_grad(self.model.score_rows, self.model, self.state, core.ids(rows),
      core.segments { #rows })
    if not scores:isfinite() then
      raise(("%s: its scores are not finite numbers: the weights or the ratings of the support are "
        .. "out of all bounds"):format(tostring(self.model)), 3)
    end
    return scores
  end

  --- Predicted ratings of items.
  -- @tparam table items list of raw ids
  -- @treturn table list of numbers, neither clipped nor rounded
  function Adapted:predict(items)
    if type(items) ~= "table" then
      raise("predict: a list of items was expected, not " .. type(items), 2)
    end
    local rows = {}
    for i, item in ipairs(items) do
      if type(item) ~= "string" and math.type(item) == nil then
        raise(("predict: entry %d must be the raw id of an item, not %s"):format(i, type(item)), 2)
      end
      rows[i] = self.model.catalogue.items:id(item)
      if not rows[i] then
        raise(("predict: item %s is not in the catalogue"):format(tostring(item)), 2)
      end
    end
    return #rows > 0 and finite_scores(self, rows):totable() or {}
  end

  --- The items with the highest predicted ratings; equal ones in the order of the catalogue.
  -- @tparam[opt] table options n (default 10), exclude (list of raw ids; unknown ones do no harm),
  -- include_support (true: items of the support may come, too)
  -- @treturn table list of {item, title, score}, best first; shorter if there are not n items
  function Adapted:recommend(options)
    local opt = args.check("recommend", options, { n = { "integer", 10 },
      exclude = { "table", {} }, include_support = { "boolean", false } })
    if opt.n < 0 then
      raise(("recommend: n must not be negative, but is %d"):format(opt.n), 2)
    end
    local catalogue, out = self.model.catalogue, {}
    for _, item in ipairs(opt.exclude) do
      out[catalogue.items:id(item) or 0] = true
    end
    for _, row in ipairs(opt.include_support and {} or self.rows) do
      out[row] = true
    end
    local all = {}
    for row = 1, #catalogue.items do
      if not out[row] then
        all[#all + 1] = row
      end
    end
    return best_items(catalogue, all, opt.n, function()
      return finite_scores(self, all)
    end)
  end
end
