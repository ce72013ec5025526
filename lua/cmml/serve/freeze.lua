--- Frozen models: what a recommender computes for one task, as a graph that needs no Lua.
--
-- Adapting and scoring are traced at two sizes of support and candidates (serve/graph.lua), written
-- with less (serve/rewrite.lua), cut by how often each part is needed (serve/programs.lua) and kept
-- in the model file as data, which predictors run.
--
-- @module cmml
local args = require "cmml.base.args"
local declare = require("cmml.base.options").declare
local json = require "cmml.base.json"
local raise = args.error

-- Catalogues from which on a choice of candidates saves more than it takes.
local large = 20000

local of_freeze = declare("freeze", {
  { name = "retrieval", kind = "boolean", default_text = "where the catalogue has more than "
    .. large .. " items", help = "whether the model can choose candidates by estimates of their "
    .. "scores, so that a list need not score all items; without effect where one product scores "
    .. "them all" },
})

return function(cmml, use)
  local core = cmml.core
  local encode = use "serve.encode"
  local live = use "serve.live"
  local graph = use "serve.graph"
  local programs = use "serve.programs"
  local retrieval = use "serve.retrieval"
  local rewrite = use "serve.rewrite"
  local verify = use "serve.verify"

  --- A model with its graphs, made by `freeze`.
  -- @tfield Recommender model
  -- @tfield string text of the graphs, as model files have it
  -- @tfield ?table retrieval where it can choose candidates: of how many made-up people (people)
  -- the ten best items are the same (same) with so many (candidates) as without
  local Frozen = { __name = "cmml.Frozen" }
  Frozen.__index = Frozen

  -- The graph of a recommender: its scores of candidates, or of one that ranks those of all items
  -- where it gives these at once.
  local function graph_of(model)
    local all = model.predicts == "ranking" and model.score_all
    local of = rewrite.of(graph.of(function(size)
      local support, candidates, inputs = model.setting.frozen_rows(model, size)
      return inputs, function(late)
        local state = model:adapt_rows(support)
        late()
        return { scores = all and all(model, state)
          or (model.list_rows or model.score_rows)(model, state, candidates) }
      end
    end))
    of.scores_all = not not all
    return of
  end

  -- A part of a model as data.
  local function part_of(encoder, model)
    local found, names, tables = programs.of(graph_of(model), #model.catalogue.items)
    local part, rows, rest, of_rows = { tables = {} }, live.of(found.adapt, names)
    for i, of in ipairs(tables) do
      part.tables[i] = { of.name, encoder:constant("tensor", of.value.constant) }
    end
    for _, name in ipairs(args.keys(found)) do
      part[name] = encoder:program(found[name], names)
    end
    if rows then
      part.rows, part.rest = encoder:program(rows, of_rows), encoder:program(rest, of_rows)
      part.sums = {}
      for i, output in ipairs(rows.outputs) do
        part.sums[i] = output.value.sizes
      end
    end
    return part
  end

  -- Arrays that a model file has anyway, by tensor.
  local function kept_arrays(model)
    local known = {}
    for _, of in ipairs { { "model.", model }, model.lists and { "lists.", model.lists } or nil } do
      for _, entry in ipairs(of[2]:tensors()) do
        if cmml.is_tensor(entry[2]) then
          known[entry[2]] = of[1] .. entry[1]
        end
      end
    end
    return known
  end

  -- What data of graphs are, with their hash.
  local function frozen_of(model, encoder, data)
    data.hash = nil
    data.hash = encode.hash(json.encode(data), encoder, model.catalogue)
    return setmetatable({ model = model, text = json.encode(data), entries = encoder.entries },
      Frozen)
  end

  -- Whether what scores all items of a part reads what was made of the person alone, row by row.
  local function may_be_joint(part)
    for _, input in ipairs(part.all and part.all.inputs or {}) do
      if not input[1]:find "^state%." or input[2] ~= "t" then
        return false
      end
    end
    return part.all ~= nil
  end

  -- The graph with parts that score for several people at once, where that gives the same.
  local function with_joint(frozen, model, encoder, data)
    local any = false
    for _, part in ipairs(data.parts) do
      part.joint = may_be_joint(part) or nil
      any = any or part.joint
    end
    local joint = any and frozen_of(model, encoder, data)
    if joint and pcall(verify.groups, joint) then
      return joint
    end
    for _, part in ipairs(data.parts) do
      part.joint = nil
    end
    return frozen
  end

  -- The graph with what chooses candidates.
  local function with_retrieval(frozen, model, encoder, data)
    local part = #data.parts
    if not data.parts[part].score or #model.catalogue.items < 2 then
      return frozen -- which scores all items by one product, or has nothing to choose from
    end
    local runner <close> = assert(frozen:open {})
    local probes, solve, vectors = retrieval.of(runner, part, model.catalogue)
    data.parts[part].retrieval = { probes = encoder:constant("ids", probes),
      solve = encoder:constant("tensor", solve), vectors = encoder:constant("tensor", vectors) }
    frozen = frozen_of(model, encoder, data)
    local tried <close> = assert(frozen:open {})
    local of = { people = 32, candidates = math.min(500, #model.catalogue.items) }
    of.same = retrieval.same(tried, part, model.catalogue, of.people, of.candidates)
    frozen.retrieval = of
    return frozen
  end

  --- Freezes a model: what it computes for one task becomes a graph, which predictors run without
  -- Lua, without gradients and without taking memory. Whatever of its computation depends on more
  -- than sizes is refused.
  -- @tparam Recommender model of the setting users or sequences
  -- @tparam[opt] table options see below
  -- @treturn Frozen with save; raises a message that names the call which cannot be frozen
  -- @usage
  -- local frozen = cmml.freeze(model)
  -- local path = os.tmpname()
  -- assert(frozen:save(path))
  -- os.remove(path)
  function cmml.freeze(model, options)
    local opt = of_freeze:check(options)
    if type(model) ~= "table" or not model.adapt_rows then
      raise("freeze: a recommender was expected, not " .. args.describe(model), 2)
    elseif not model.setting.frozen_rows then
      raise(("freeze: models of %s cannot be frozen: their lists are of users whom the support "
        .. "does not name"):format(model.setting.title), 2)
    end
    local reason = model.cannot_freeze and model:cannot_freeze()
    if reason then
      raise(("freeze: %s cannot be frozen: %s"):format(args.with_article(model.kind), reason), 2)
    end
    local encoder = encode.new(kept_arrays(model))
    local function checked(f, ...)
      local ok, result = pcall(f, ...)
      if not ok then
        raise(("freeze: %s cannot be frozen: %s"):format(args.with_article(model.kind),
          tostring(result)), 3)
      end
      return result
    end
    local data = { version = 1, parts = { checked(part_of, encoder, model) } }
    data.parts[2] = model.lists and checked(part_of, encoder, model.lists) or nil
    local lister = model:lister()
    local unlisted = lister.unlisted and lister:unlisted() or {}
    if #unlisted > 0 then
      data.unlisted = encoder:constant("ids", cmml.ids(unlisted))
    end
    data.constants = encoder.constants
    data.ordered = model.setting.ordered or nil
    -- What rows add up to is only another way to the same: where it does not lead there, it is not
    -- taken.
    local frozen = frozen_of(model, encoder, data)
    if not pcall(verify.scores, frozen) then
      for _, part in ipairs(data.parts) do
        part.rows, part.rest, part.sums = nil, nil, nil
      end
      frozen = frozen_of(model, encoder, data)
      checked(verify.scores, frozen)
    end
    frozen = with_joint(frozen, model, encoder, data)
    local wanted = opt.retrieval
    if wanted == nil then
      wanted = #model.catalogue.items > large
    end
    return wanted and checked(with_retrieval, frozen, model, encoder, data) or frozen
  end

  --- Saves a model file that has the graphs, too: `load` reads it as any other.
  -- @tparam string path
  -- @tparam[opt] table extra notes to go with it; see `save`
  -- @treturn ?true
  -- @treturn ?string message
  function Frozen:save(path, extra)
    return cmml.save(self.model, path, { notes = (extra or {}).notes,
      graph = { text = self.text, entries = self.entries } })
  end

  --- What runs it, of the core: what `cmml.predictor` wraps.
  -- @tparam table limits as of `predictor`
  -- @treturn ?userdata nil where no file can be written, or memory runs out
  -- @treturn ?string message
  function Frozen:open(limits)
    local path = os.tmpname()
    local runner, message = self:save(path)
    if runner then
      runner, message = core.open_predictor(path, limits)
    end
    os.remove(path)
    return runner, message
  end

  function Frozen:__tostring()
    return ("[cmml.Frozen of %s]"):format(tostring(self.model))
  end

  return Frozen
end
