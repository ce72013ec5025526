--- Predictors: frozen models that serve, in memory that they took when they were made.
--
-- A predictor runs the graph of a model file (see `freeze`). What is known of a person is a
-- context, which takes interactions one by one and keeps what the model made of them until the
-- next. The methods that name rows, and write into tables of the caller, make no garbage and take
-- no memory: a host may stop the collector.
--
-- @module cmml
local args = require "cmml.base.args"
local declare = require("cmml.base.options").declare
local raise = args.error

local of_limits = declare("predictor", {
  { name = "support", kind = "integer", from = 1, to = 1 << 20, default = 256,
    help = "maximum number of interactions of a context" },
  { name = "list", kind = "integer", from = 1, to = 1 << 20, default = 100,
    help = "maximum number of items of a list" },
  { name = "block", kind = "integer", from = 1, to = 1 << 20, default = 512,
    help = "how many items are scored at once: what lies between layers is as large" },
  { name = "memory", kind = "integer", from = 1, default = 1 << 30,
    help = "maximum number of bytes for what lies between layers" },
  { name = "candidates", kind = "integer", from = 1, to = 1 << 20, default = 1000,
    help = "maximum number of items that are chosen to be scored" },
  { name = "users", kind = "integer", from = 1, to = 1 << 12, default = 1,
    help = "for how many people lists are made at once" },
})

local of_request = declare("Context:recommend", {
  { name = "n", kind = "integer", from = 1, default = 10, help = "how many items" },
  { name = "exclude", kind = "table", default = {}, help = "list of raw ids not to be listed" },
  { name = "items", kind = "table", help = "list of raw ids to choose from", default_text = "all" },
  { name = "filter", kind = "function",
    help = "of a raw id: whether the item may be listed; asked of every item to choose from" },
  { name = "include_support", kind = "boolean", default = false,
    help = "whether items of the support may be listed" },
  { name = "candidates", kind = "integer", from = 0, default = 0,
    help = "score so many items alone, chosen by estimates, of a model that can (see freeze); "
      .. "0: all" },
})

return function(cmml)
  local core = cmml.core

  --- What runs a frozen model, made by `predictor`.
  -- @tfield integer items how many items there are
  -- @tfield integer parts 2 of a model with lists (see `with_lists`), else 1
  -- @tfield boolean ordered whether supports are sequences: order counts, and an item may be there
  -- several times
  -- @tfield boolean retrieves whether it can choose candidates (see `freeze`)
  -- @tfield integer bytes that it took, without the model
  local Predictor = { __name = "cmml.Predictor" }
  Predictor.__index = Predictor

  --- What is known of one person, made by `Predictor:context`.
  local Context = { __name = "cmml.Context" }
  Context.__index = Context

  local function wrapped(own)
    local self = setmetatable(own:facts(), Predictor)
    self.own, self.ids, self.people = own, {}, {}
    return self
  end

  --- A predictor of a frozen model.
  -- @tparam string|Frozen model path of a model file with a graph, or what `freeze` gave
  -- @tparam[opt] table limits see below
  -- @treturn ?Predictor nil if the file is missing, damaged or has no graph
  -- @treturn ?string message
  -- @usage
  -- local path = os.tmpname()
  -- assert(cmml.freeze(model):save(path))
  -- local predictor = assert(cmml.predictor(path))
  -- os.remove(path)
  -- local person = predictor:context { { "15", 5 }, { "9", 1 } }
  -- print(person:recommend({ n = 3 })[1].item)
  -- person:observe("10", 4)
  -- print(person:predict({ "5" })[1])
  function cmml.predictor(model, limits)
    local opt = of_limits:check(limits)
    local own, message
    if args.fits(model, "cmml.Frozen") then
      own, message = model:open(opt)
    elseif type(model) == "string" then
      own, message = core.open_predictor(model, opt)
    else
      raise("predictor: the path of a model file was expected, or what freeze gave, not "
        .. args.describe(model), 2)
    end
    if not own then
      return nil, message
    end
    return wrapped(own)
  end

  --- Another predictor of the same model, whose weights both share.
  -- @tparam[opt] table limits as of `predictor`
  -- @treturn Predictor
  function Predictor:again(limits)
    return wrapped(self.own:again(of_limits:check(limits)))
  end

  --- The row of an item; makes no garbage, if the id is a text.
  -- @tparam string|number id its raw id
  -- @treturn ?integer nil if the model does not have it
  function Predictor:row(id)
    return self.own:row(id)
  end

  --- The raw id of a row, a text that is made once and kept.
  -- @tparam integer row
  -- @treturn string
  function Predictor:id(row)
    local id = self.ids[row]
    if not id then
      id = self.own:id(row)
      self.ids[row] = id
    end
    return id
  end

  -- The row of an item; raises where there is none.
  local function row_of(self, where, id)
    return self.own:row(id) or raise(("%s: item %s is not in the catalogue of %d"):format(where,
      args.shown(id), self.items), 3)
  end

  -- A label, 1 of an interaction of a sequence that has none; raises where it is none.
  local function label_of(self, where, label)
    if label == nil and self.ordered then
      return 1
    elseif math.type(label) == nil or label ~= label or math.abs(label) == math.huge then
      local given = math.type(label) == nil and ", not " .. args.describe(label) or ""
      raise(("%s: the label must be a finite number%s"):format(where, given), 3)
    end
    return label
  end

  local function rows_of(self, where, ids)
    local rows = {}
    for i, id in ipairs(ids) do
      rows[i] = row_of(self, where, id)
    end
    return rows
  end

  local function new_context(predictor, own)
    return setmetatable({ predictor = predictor, own = own }, Context)
  end

  --- A context.
  -- @tparam[opt] table support list of {item, label} with raw ids, the last label of an item
  -- counts; of a model of sequences list of raw ids, in order, an item maybe several times
  -- @treturn Context
  function Predictor:context(support)
    local context = new_context(self, self.own:context())
    for i, entry in ipairs(args.expect("context: the support", support or {}, "table")) do
      if self.ordered and type(entry) ~= "table" then
        entry = { entry }
      elseif type(entry) ~= "table" or math.type(entry[2]) == nil and not self.ordered then
        raise(("context: entry %d must be {item, label}"):format(i), 2)
      end
      local row = row_of(self, "context", entry[1])
      context.own:observe(row, label_of(self, "context", entry[2]))
    end
    return context
  end

  --- A context from what `Context:save` gave with the same model.
  -- @tparam string text
  -- @treturn ?Context nil where the text is damaged, or of another model or version
  -- @treturn ?string message
  function Predictor:restore(text)
    local own = self.own:context()
    local ok, message = own:restore(args.expect("restore: the text", text, "string"))
    return ok and new_context(self, own) or nil, message
  end

  --- A set of items that lists can be chosen from.
  -- @tparam table ids raw ids
  -- @treturn userdata for `Context:recommend_rows`
  function Predictor:choice(ids)
    return self.own:choice(rows_of(self, "choice", ids))
  end

  --- Lists for several people, best first, as `Context:recommend_rows` makes them for each. A model
  -- that scores the catalogue in one product, such as EASE or that of lists, makes as many at once
  -- as the limit `users` allows, which takes little longer than one. Makes no garbage.
  -- @tparam {Context,...} people contexts of this predictor
  -- @tparam integer n how many items each
  -- @tparam table rows takes the rows: those of person i from entry (i - 1) n + 1 on
  -- @tparam table scores takes their scores
  -- @tparam table found takes how many items each list has
  -- @tparam[opt] table exclude rows that are not to be listed
  -- @tparam[opt] userdata choice from `Predictor:choice`
  -- @tparam[opt=0] integer candidates as of `Context:recommend`
  function Predictor:recommend_rows(people, n, rows, scores, found, exclude, choice, candidates)
    local own, count = self.people, 0
    args.expect("recommend_rows: people", people, "table")
    if getmetatable(people) == Context then
      raise("recommend_rows: people must be a list of contexts, not one", 2)
    end
    for i, person in ipairs(people) do
      if getmetatable(person) ~= Context then
        raise(("recommend_rows: entry %d of people must be a context, not %s"):format(i,
          args.describe(person)), 2)
      end
      count = i
    end
    if count ~= #people then
      raise(("recommend_rows: people has %d entries, but not the one behind the first %d"):format(
        #people, count), 2)
    end
    for i = 1, count do -- only now that all of them were looked at
      own[i] = people[i].own
    end
    local ok, problem = pcall(self.own.recommend, self.own, self.parts, own, n, rows, scores,
      found, exclude, choice, false, candidates)
    for i = count, 1, -1 do
      own[i] = nil -- nobody is kept here
    end
    if not ok then
      error(problem, 0)
    end
  end

  --- Gives its memory back now. It and its contexts cannot be used any more.
  function Predictor:close()
    self.own:close()
  end

  Predictor.__close = Predictor.close

  function Predictor:__tostring()
    return ("[cmml.Predictor of %d items]"):format(self.items)
  end

  --- Takes an interaction: of an item that was observed before the label is replaced; by a model of
  -- sequences it stands behind all others, whatever its item.
  -- @tparam string|number item its raw id
  -- @tparam number label such as a rating, or 1; not needed by a model of sequences
  function Context:observe(item, label)
    self.own:observe(row_of(self.predictor, "observe", item),
      label_of(self.predictor, "observe", label))
  end

  --- Forgets an item, as often as it is there.
  -- @tparam string|number item its raw id
  -- @treturn boolean whether it was there
  function Context:forget(item)
    return self.own:forget(row_of(self.predictor, "forget", item))
  end

  --- Another context that knows the same, and then goes its own way.
  -- @treturn Context
  function Context:fork()
    return new_context(self.predictor, self.own:fork())
  end

  --- The context as a short text of ASCII characters, to be kept in any database; only the same
  -- model reads it again (`Predictor:restore`).
  -- @treturn string
  function Context:save()
    return self.own:save()
  end

  --- The interactions.
  -- @treturn table list of {item, label}
  function Context:support()
    local rows, labels, list = {}, {}, {}
    for i = 1, self.own:support(rows, labels) do
      list[i] = { self.predictor:id(rows[i]), labels[i] }
    end
    return list
  end

  --- Scores of items: predicted ratings, of a model that predicts such, neither clipped nor
  -- rounded.
  -- @tparam table items list of raw ids
  -- @treturn table list of numbers
  function Context:predict(items)
    return self.own:score(1, rows_of(self.predictor, "predict", items), {})
  end

  --- The same by rows, into a table of the caller; makes no garbage.
  -- @tparam table rows
  -- @tparam table out takes the scores, in order
  -- @treturn table out
  function Context:score_rows(rows, out)
    args.expect("score_rows: rows", rows, "table")
    args.expect("score_rows: out", out, "table")
    return self.own:score(1, rows, out)
  end

  -- The set that options choose from.
  local function choice_of(predictor, opt)
    if not opt.items and not opt.filter then
      return nil
    end
    local rows = opt.items and rows_of(predictor, "recommend", opt.items) or {}
    for row = 1, opt.items and 0 or predictor.items do
      rows[row] = row
    end
    local kept = {}
    for _, row in ipairs(rows) do
      kept[#kept + 1] = (not opt.filter or opt.filter(predictor:id(row))) and row or nil
    end
    return predictor.own:choice(kept)
  end

  --- The items with the highest scores; of equal ones that which comes first in the catalogue.
  -- @tparam[opt] table options see below
  -- @treturn table list of {item, score}, best first. Of a model with lists the score is that of
  -- what makes them, and `expected` the rating that `predict` gives
  function Context:recommend(options)
    local opt, predictor = of_request:check(options), self.predictor
    local rows, scores, list = {}, {}, {}
    local n = self.own:recommend(predictor.parts, math.min(opt.n, predictor.items), rows, scores,
      rows_of(predictor, "recommend", opt.exclude), choice_of(predictor, opt), opt.include_support,
      nil, opt.candidates)
    local expected = predictor.parts == 2 and self.own:score(1, rows, {}) or {}
    for i = 1, n do
      list[i] = { item = predictor:id(rows[i]), score = scores[i], expected = expected[i] }
    end
    return list
  end

  --- The same by rows, into tables of the caller; makes no garbage.
  -- @tparam integer n how many items
  -- @tparam table rows takes them, best first
  -- @tparam table scores takes their scores
  -- @tparam[opt] table exclude rows that are not to be listed
  -- @tparam[opt] userdata choice from `Predictor:choice`
  -- @tparam[opt=0] integer candidates as of `recommend`
  -- @treturn integer how many there are
  function Context:recommend_rows(n, rows, scores, exclude, choice, candidates)
    args.expect("recommend_rows: rows", rows, "table")
    args.expect("recommend_rows: scores", scores, "table")
    return self.own:recommend(self.predictor.parts, n, rows, scores, exclude, choice, false, nil,
      candidates)
  end

  --- A list in pieces, for a host that has little time in each frame: scores items for about so
  -- long, at least one block of them. Call it again until it gives a number; another request, or an
  -- interaction, begins anew. Makes no garbage.
  -- @tparam number budget microseconds
  -- @tparam integer n how many items
  -- @tparam table rows takes them, best first
  -- @tparam table scores takes their scores
  -- @tparam[opt] table exclude rows that are not to be listed
  -- @tparam[opt] userdata choice from `Predictor:choice`
  -- @tparam[opt=0] integer candidates as of `recommend`
  -- @treturn ?integer how many there are; nil while not all items were scored
  function Context:recommend_some(budget, n, rows, scores, exclude, choice, candidates)
    if math.type(budget) == nil or budget < 0 or budget ~= budget then
      raise("recommend_some: the budget must be a number of microseconds from 0 on, not "
        .. args.describe(budget), 2)
    end
    args.expect("recommend_some: rows", rows, "table")
    args.expect("recommend_some: scores", scores, "table")
    return self.own:recommend(self.predictor.parts, n, rows, scores, exclude, choice, false,
      budget * 1e-6, candidates)
  end

  --- Gives its memory back now. It cannot be used any more.
  function Context:close()
    self.own:close()
  end

  Context.__close = Context.close

  function Context.__tostring()
    return "[cmml.Context]"
  end

  return Predictor
end
