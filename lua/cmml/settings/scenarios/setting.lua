--- The setting scenarios: a task is a group of items, such as a tag or a theme; a model ranks its
-- items for users.
--
-- @module cmml.settings.scenarios.setting
local base = require "cmml.base.options"
local plain = require "cmml.base.plain"
local defaults = require "cmml.settings.scenarios.defaults"
local filter_options = require "cmml.settings.scenarios.filter_options"
local filters = require "cmml.settings.scenarios.filters"

return function(cmml, use)
  local report = use "settings.scenarios.report"
  local support = use "settings.scenarios.support"
  local unseen = use "settings.scenarios.unseen"
  local recommended_vectors = use "settings.scenarios.vectors"
  use "settings.setting"

  local options = {
    { name = "by", kind = "string", choices = filters.ways, group = "data",
      help = "how items of MovieLens are grouped: by genre, combination (of two genres), "
        .. "genre+combination, or tag", default_text = "genre" },
    { name = "scenario_field", kind = "string", group = "data", arg = "FIELD",
      help = "field of items whose values are the scenarios, of files of your own",
      default_text = "the first list, else the first category" },
    { name = "min_rating", kind = "number", group = "data", default_text = "every one",
      help = "lowest rating, or weight, that is an interaction" },
    { name = "factors", kind = "integer", from = 1, to = 4096, group = "data",
      help = "dimension of the vectors of users and items", default_text = "64" },
    { name = "vectors", kind = "string", choices = { "als", "bpr" }, group = "data",
      help = "method that makes the vectors, with its own options",
      default_text = "als with those of the preset" },
  }

  for _, declared in ipairs(filter_options) do -- a made world has other defaults
    options[#options + 1] = base.changed(declared, { default = false, group = "data",
      default_text = plain.tostring(declared.default) })
  end

  local training_options = {
    { name = "support_negatives", kind = "integer", from = 0, group = "tasks", decides = true,
      unit = "pairs", help = "number of negatives in a support", default_text = "the preset's" },
    { name = "query_negatives", kind = "integer", from = 1, group = "tasks", decides = true,
      search = "1|4|16|32",
      help = "number of negatives beside each positive of a query",
      default_text = "the preset's, or 1" },
    { name = "order", kind = "string", choices = { "mixed", "positives-first" }, group = "tasks",
      decides = true, help = "order of a support", default_text = "the preset's" },
    { name = "negatives", kind = "string", choices = { "untouched", "published" }, group = "tasks",
      decides = true,
      help = "which negatives a support has: uniform over the items that the user is not "
        .. "known to have taken, or as published", default_text = "the preset's" },
    { name = "rounds", kind = "integer", from = 1, group = "tasks", decides = true,
      help = "number of tasks of each scenario an epoch",
      default_text = "the preset's, or so many that an epoch has 200 steps" },
    { name = "steps", kind = "integer", from = 1, unit = "steps", group = "tasks",
      help = "minimum number of steps an epoch, from which the number of rounds follows",
      default_text = "none" },
    { name = "valid_users", kind = "integer", from = 1, unit = "users", group = "tasks",
      decides = true, tunable = false,
      help = "maximum number of users of a validation scenario, a fixed sample",
      default_text = "100" },
    { name = "watch", kind = "string", choices = { "recall@10", "recall@20", "ndcg@20" },
      group = "tasks", decides = true, tunable = false,
      help = "metric that chooses the epoch; the plateau schedule monitors it as well",
      default_text = "recall@20" },
    { name = "serve", kind = "cmml.Catalogue", group = "tasks", tunable = false,
      help = "catalogue that the best file holds the model over, see Recommender:over" },
  }

  local evaluation_options = {
    { name = "max_users", kind = "integer", from = 1, unit = "users", group = "evaluation",
      help = "maximum number of users of a scenario, a fixed sample", default_text = "all" },
  }

  -- Options of the vectors: those of the preset, and where it has none those of the recommended
  -- one, so that plain CF is as strong as it can be.
  local function vector_options(opt, preset)
    local own = preset and preset.vectors or recommended_vectors
    local chosen = { method = opt.vectors or "als" }
    for key, value in pairs(opt.vectors and {} or own) do
      chosen[key] = value
    end
    chosen.factors = opt.factors or (opt.quick and 8 or chosen.factors or 64)
    chosen.seed = 1
    return chosen
  end

  cmml.setting {
    name = "scenarios", title = "scenarios (groups of items)", noun = { "scenario", "scenarios" },
    rank = 2, knows_users = true, formerly = { "scenario" },
    protocols = {
      { name = "no-leak", help = "held-out pairs never enter vectors or training" },
      { name = "published", leaky = true, help = "held-out pairs do: what is evaluated was learnt "
        .. "from" },
    },
    defaults = defaults,
    -- An epoch as long for every kind, with as many steps whatever a step's tasks are.
    search = { batch = "4|8|16", steps = { 100 } },
    quick_budget = { epochs = 2, patience = 0, steps = 3, batch = 2, lr = 1e-3, support = 16,
      support_negatives = 16, query = 16 },
    options = options, training_options = training_options,
    evaluation_options = evaluation_options, support_options = support.options,

    read = use "settings.scenarios.read",
    from_files = use "settings.scenarios.from_files",
    data_class = "cmml.ScenarioData",
    read_by = { "by", "scenario_field", "min_rating", table.unpack(filters.filters) },
    stats = function(data)
      return data:stats()
    end,
    made = use "settings.scenarios.made",
    made_full = use "settings.scenarios.made_full",
    split = function(data, opt, preset)
      return data:split { seed = opt.data_seed, valid = opt.valid, protocol = opt.protocol,
        query_fraction = preset and preset.split and preset.split.query_fraction
          or opt.query_fraction }
    end,
    check_preset = use "settings.scenarios.preset",
    prepare = function(split, opt, preset)
      local learn, serve = split:vectors(vector_options(opt, preset))
      split.catalogues = { learn = split:catalogue(learn), serve = serve ~= learn
        and split:catalogue(serve) or nil }
    end,
    catalogue = function(split)
      if not split.catalogues then
        return split:catalogue()
      end
      return split.catalogues.learn, split.catalogues.serve
    end,
    learnable = function(split)
      local users = {}
      for row = 1, #split.data.users do
        users[row] = row
      end
      return { ratings = split.known, users = users }
    end,
    conditions = function(split, opt)
      local kept = {}
      for i, scenario in ipairs(split.test) do
        kept[i] = unseen.noted(split.data.scenarios[scenario].name)
      end
      return { setting = "scenarios", data = unseen.noted(split.data.name), by = opt.by,
        min_items = opt.min_items, max_items = opt.max_items, min_users = opt.min_users,
        protocol = split.protocol,
        data_seed = split.options.seed, valid = split.options.valid,
        query_fraction = split.options.query_fraction, vectors = opt.vectors,
        test_scenarios = kept }
    end,
    noted = { protocol = "string?", data_seed = "integer?", valid = "number?", by = "string?",
      min_items = "integer?", max_items = "integer?", min_users = "integer?",
      query_fraction = "number?", query_share = "number?", vectors = "string?",
      factors = "integer?" },
    complete = function(_, notes, model)
      notes.query_fraction = notes.query_fraction or notes.query_share -- of earlier files
      notes.query_share = nil
      local vectors = model.catalogue.items.vectors.cf
      notes.factors = vectors and vectors.shape[2] -- those of baselines beside it
      return notes
    end,
    check_unseen = unseen.check,
    summary = function(split)
      return plain.tostring(split.data)
    end,

    source = use "settings.scenarios.source",
    make_tasks = function(exported)
      return cmml.scenarios.tasks(exported)
    end,

    evaluations = function(split, opt)
      return { { name = "scenarios", leaky = split.leaky, tasks = split, options = {
        draws = opt.draws, seed = opt.seed, cutoffs = opt.cutoffs, metrics = opt.metrics,
        max_users = opt.max_users, on_task = opt.on_task } } }
    end,
    report = report.text, parts = report.parts,
    cell_evaluation = function(opt)
      return { draws = opt.draws or defaults.draws, seed = defaults.seed,
        cutoffs = defaults.cutoffs, metrics = table.move(defaults.metrics, 1, #defaults.metrics, 1,
        {}), max_users = opt.max_users }
    end,
    budget_text = function(cell)
      local vectors, evaluation = vector_options(cell.options), cell.evaluation
      return ("vectors: %s, %d factors; full ranking%s, mean of %d draw%s of the supports; tasks "
        .. "are scenarios, weighted by their users"):format(vectors.method, vectors.factors,
        evaluation.max_users and (", at most %d users of a scenario"):format(evaluation.max_users)
        or "", evaluation.draws, evaluation.draws == 1 and "" or "s")
    end,
    columns = report.columns,
    values = report.values,

    read_support = support.read,
    read_request = support.request, read_requests = support.requests,
    describe = function(line, catalogue, notes)
      line("data", type(notes.data) == "string" and notes.data:gsub("[\0-\31\127]", " ")
        or "not told")
      line("users", #catalogue.users)
      line("items", #catalogue.items)
      local vectors = catalogue.items.vectors.cf
      line("vectors", vectors and ("%s, %d factors"):format(catalogue.schema.vectors,
        vectors.shape[2]) or "none")
      local source = catalogue.source
      if source then
        line("source", #source.domain, ("domain of %d items, %d interactions"):format(
          #source.domain, #source.items))
      end
    end,
  }
end
