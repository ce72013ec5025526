--- Recommenders that have adapted to a support of raw ids: they predict and recommend.
--
-- How a support is read, and what else belongs to a list to be scored, is the setting's to say:
-- `setting.read_support(model, support, opt)` gives rows (Rows of one task), skipped (what was left
-- out), taken (a function of a user's row: the set of item rows that the support has) and list (a
-- function of item rows and a user's row: Rows to be scored); for recommend_all also lists (a
-- function of users' rows and item rows: Rows in which each user has these items). Where a support
-- is one person's, `setting.read_supports(model, supports, opt)` reads many: rows (Rows of as many
-- tasks), skipped and taken (a function of a number) of each, and list (a function of the first and
-- the last number, and of item rows: Rows in which each of these people has these items)
-- and each (a function of a list of item rows for each person: Rows in which each has its own).
--
-- @module cmml
local args = require "cmml.base.args"
local asked_rows = require "cmml.recommenders.asked_rows"
local list_options = require "cmml.recommenders.list_options"
local plain = require "cmml.base.plain"
local raw_ids = require "cmml.data.raw_ids"
local sets = require "cmml.base.options"
local raise = args.error
local declare = sets.declare
local row_of, user_row = asked_rows.row_of, asked_rows.user_row

local whom = { name = "user", kind = { "string", "number" },
  help = "raw id of whom to score for, where the model knows users by id" }

local known = {
  adapt = declare("Recommender:adapt", { list_options.unknown, list_options.strict }),
  predict = declare("Adapted:predict", { whom }),
  recommend = declare("Adapted:recommend", { list_options.n, whom,
    sets.changed(list_options.items, { help = "list of raw ids to choose from, such as those of a "
      .. "scenario, or of records of new items (see predict)" }),
    list_options.exclude, list_options.include_support }),
}

-- Rows scored at once: what lies between the layers stays small, whatever the catalogue.
local piece = 2048

return function(cmml, use)
  local core = cmml.core
  local Recommender = use "recommenders.recommender"
  local best = use "recommenders.best"
  --- A recommender that knows what one person rated, or a few interactions of a scenario.
  -- @tfield Recommender model
  -- @tfield table rows the support, as Rows of one task
  -- @tfield table skipped what was left out of the support: unknown raw ids, or entries with such
  -- @tfield table outside list of {item, rating} of the support that are outside of the scale of
  -- the ratings that the model was trained on (`model.catalogue.scale`); empty where none is known
  -- @tfield table told what was met of the person's own values, by field: how many are unknown,
  -- missing or beyond (further out than numbers are read)
  -- @tfield any state of the model
  -- @tfield ?integer counting in the setting users how many entries of the support count for the
  -- model: of one that ranks, those that are relevant. With none it knows nothing of the person
  -- @tfield ?Adapted lists of a model with lists (see `with_lists`): what makes them, adapted, too
  -- @tfield ?table diverged where the model adapts by steps and those on this support diverged:
  -- step, and loss where that was not finite; scores are by the weights that the steps start from
  local Adapted = { __name = "cmml.Adapted" }
  Adapted.__index = Adapted

  --- Adapts to a support.
  -- @tparam table support in the setting users a list of {item, rating} with raw ids (a model that
  -- ranks takes an item without a rating for relevant); may be empty;
  -- of several ratings of an item the last one counts, as what a person thinks now; field user = a
  -- table of values by field name, if anything is known of the person. In the setting scenarios a
  -- list of {user, item, 1 or 0}; a pair that is there twice counts once
  -- @tparam[opt] table options see below
  -- @treturn Adapted with predict, recommend, skipped (what was left out) and diverged (whether the
  -- steps of a model that adapts by such did)
  -- @usage
  -- local person = model:adapt { { "15", 5 }, { "9", 5 }, { "5", 1 } }
  -- print(person:predict({ "10" })[1])
  function Recommender:adapt(support, options)
    local opt = known.adapt:check(options)
    local read = self.setting.read_support(self, support, opt)
    local state, diverged = self:state_of(read.rows)
    return setmetatable({ model = self, rows = read.rows, skipped = read.skipped,
      outside = read.outside or {}, told = read.told or {}, counting = read.counting,
      read = read, state = state, diverged = diverged[1],
      lists = self.lists and self.lists:adapt(support, options) }, Adapted)
  end

  -- Scores of items by a function of rows.
  local function finite_scores(self, score, list, user)
    local scores = score(self.read.list(list, user))
    if not scores:isfinite() then
      raise(("%s: its scores are not finite numbers: the weights or the ratings of the support are "
        .. "out of all bounds"):format(tostring(self.model)), 3)
    end
    return scores
  end

  -- An iterator over the candidates, a piece at a time: scores [1, k] and rows.
  local function scored_pieces(self, score, user, chosen, out)
    local at, last = 0, chosen and #chosen or #self.model.catalogue.items
    return function()
      local rows = {}
      while #rows < piece and at < last do
        at = at + 1
        local row = chosen and chosen[at] or at
        if chosen or not out[row] then
          rows[#rows + 1] = row
        end
      end
      if #rows > 0 then
        return core.tidy(finite_scores, self, score, rows, user):reshape { 1, #rows },
          rows
      end
    end
  end

  local function is_record(item)
    return type(item) == "table"
  end

  -- The recommender over items of which records are given, in this one's state.
  local function over_records(self, where, records)
    local model = self.model
    if not model.over then
      raise(("%s: %s learns of single items, and cannot score records of new ones"):format(where,
        args.with_article(model.kind)), 3)
    end
    local catalogue, told = model.catalogue:of_items(records, where)
    return setmetatable({ model = model:over(catalogue), state = self.state, read = self.read },
      Adapted), told
  end

  -- The row of an entry of a list of items, or the entry itself where it is the record of an item.
  -- A record of nothing but a known id stands for the item.
  local function row_or_record(self, what, item)
    if not is_record(item) then
      local row = row_of(what, "an item", self.model.catalogue.items, item, 3)
      return row
    end
    if item.id == nil then
      raise(what .. " is a record without an id; give the raw id of an item, or {id = .., fields}",
        3)
    end
    local row = raw_ids.find(self.model.catalogue.items, item.id, 3, "%s", what)
    local key, other = next(item)
    while key == "id" or key == "title" do
      key, other = next(item, key)
    end
    return other == nil and row or item
  end

  -- Scores of rows, a piece at a time.
  local function scores_of(self, rows, user)
    local scores = {}
    local function score(of)
      return self.model:scores_of(self.state, of)
    end
    for first = 1, #rows, piece do
      local some = table.move(rows, first, math.min(first + piece - 1, #rows), 1, {})
      local found <close> = core.tidy(finite_scores, self, score, some, user)
      table.move(found:totable(), 1, #some, first, scores)
    end
    return scores
  end

  -- 1, 2, .. n.
  local function numbers(n)
    local list = {}
    for i = 1, n do
      list[i] = i
    end
    return list
  end

  -- Scores of new items, and what was met of their values.
  local function scores_of_records(self, records, user)
    local others, told = over_records(self, "predict", records)
    return scores_of(others, numbers(#records), user), told
  end

  --- Scores of items: in the setting users predicted ratings, neither clipped nor rounded; in the
  -- setting scenarios only their order means anything.
  -- @tparam table items list of raw ids, or of records {id = .., <field> = value} of items that the
  -- model does not know by id: they are scored by their fields (by a kind of model that reads such)
  -- @tparam[opt] table options see below. The order predict(user, items) is understood, too
  -- @treturn table list of numbers
  -- @treturn ?table where there are records: what was met of their values, by field: how many are
  -- unknown, missing or beyond (see `Catalogue:of_items`)
  -- @usage
  -- local person = model:adapt { { "15", 5 }, { "9", 5 } }
  -- print(person:predict({ "10", { id = "new", genre = { "Drama" } } })[2])
  function Adapted:predict(items, options)
    if type(items) ~= "table" and type(options) == "table" then
      items, options = options, { user = items }
    end
    local opt = known.predict:check(options)
    if self.model.predicts ~= self.model.setting.predicts then
      raise(("predict: %s ranks items and predicts no ratings: recommend gives its list"):format(
        args.with_article(self.model.kind)), 2)
    end
    if type(items) ~= "table" then
      raise("predict: a list of items was expected, not " .. args.describe(items), 2)
    end
    local user, rows, records, places = user_row(self, "predict", opt.user), {}, {}, {}
    for i, item in ipairs(items) do
      local row = row_or_record(self, ("predict: entry %d"):format(i), item)
      local list = is_record(row) and records or rows
      list[#list + 1] = row
      places[i] = list == records and -#list or #list
    end
    local scores, of_records, told = scores_of(self, rows, user), {}, nil
    if #records > 0 then
      of_records, told = core.tidy(scores_of_records, self, records, user)
    end
    local all = {}
    for i, place in ipairs(places) do
      all[i] = place > 0 and scores[place] or of_records[-place]
    end
    return all, told
  end

  -- The n best of the candidates, for people to see.
  local function listed(self, n, user, chosen, out)
    local catalogue = self.model.catalogue
    local most = not catalogue.users.ids and (not chosen or 2 * #chosen >= #catalogue.items)
    return best.entries(catalogue.items, core.tidy(function()
      local score, all = self.model:list_scorer(self.state, most and 1 or nil)
      if all and not chosen and all:isfinite() then
        return best.of_all(n, all, out)
      end
      local scores, rows = best.rows(n, scored_pieces(self, score, user, chosen, out))
      return scores[1] or {}, rows[1] or {}
    end))
  end

  -- The n best of new items, for people to see, and what was met of their values.
  local function listed_records(self, records, opt, user)
    local others, told = over_records(self, "recommend", records)
    local items, left_out, rows = others.model.catalogue.items, {}, {}
    for _, item in ipairs(opt.exclude) do
      left_out[items:id(item) or 0] = true
    end
    for _, row in ipairs(others.model.unlisted and others.model:unlisted() or {}) do
      left_out[row] = true
    end
    for row = 1, #records do
      rows[#rows + 1] = not left_out[row] and row or nil
    end
    return listed(others, opt.n, user, rows, {}), told
  end

  -- Adds to the entries of a list that another recommender made the ratings that this one expects;
  -- of new items, by their records, where it reads such.
  local function with_expected(self, list, asked)
    local items, rows, known_ones = self.model.catalogue.items, {}, {}
    local records, new, new_ones = {}, {}, {}
    for _, item in ipairs(self.model.over and asked or {}) do
      if is_record(item) then
        records[plain.tostring(item.id)] = item
      end
    end
    for _, entry in ipairs(list) do
      local row, record = items:id(entry.item), records[entry.item]
      if row then
        rows[#rows + 1], known_ones[#known_ones + 1] = row, entry
      elseif record then
        new[#new + 1], new_ones[#new_ones + 1] = record, entry
      end
    end
    for i, expected in ipairs(#new > 0 and core.tidy(scores_of_records, self, new) or {}) do
      new_ones[i].expected = expected
    end
    for i, expected in ipairs(scores_of(self, rows)) do
      known_ones[i].expected = expected
    end
    return list
  end

  --- The items with the highest scores; equal ones in the order of the catalogue.
  -- @tparam[opt] table options see below
  -- @treturn table list of {item, title, score}, best first; shorter if there are not n items. Of a
  -- model with lists (see `with_lists`) the score is that of what makes them, and `expected` the
  -- rating that `predict` gives
  -- @treturn ?table where `items` has records: see `predict`
  -- @usage
  -- for _, film in ipairs(person:recommend { n = 3, exclude = { "10" } }) do
  --   print(film.item, film.score, film.title)
  -- end
  function Adapted:recommend(options)
    local opt = known.recommend:check(options)
    if self.lists then
      local list, told = self.lists:recommend(options)
      return with_expected(self, list, opt.items), told
    end
    local items, out = self.model.catalogue.items, {}
    local user = user_row(self, "recommend", opt.user)
    for i, item in ipairs(opt.exclude) do
      out[raw_ids.find(items, item, 2, "recommend: entry %d of exclude", i) or 0] = true
    end
    for row in pairs(opt.include_support and {} or self.read.taken(user)) do
      out[row] = true
    end
    for _, row in ipairs(self.model.unlisted and self.model:unlisted() or {}) do
      out[row] = true
    end
    local chosen, records = opt.items and {}, {}
    for i = 1, chosen and #opt.items or 0 do
      local row = row_or_record(self, ("recommend: entry %d of items"):format(i), opt.items[i])
      local list = is_record(row) and records or chosen
      if not out[row] then
        list[#list + 1], out[row] = row, true
      end
    end
    local result = listed(self, opt.n, user, chosen, out)
    if #records == 0 then
      return result
    end
    local others, told = core.tidy(listed_records, self, records, opt, user)
    return best.merged(result, others, opt.n), told
  end

  return Adapted
end
