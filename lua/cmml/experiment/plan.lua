--- Plans of experiments: tables over protocols and sources of data, a cell for each row and seed.
--
-- @module cmml
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"
local cells = require "cmml.experiment.cells"
local raise = args.error

return function(cmml, use)
  local cell_options = use "experiment.cell_options"
  local models = use "pipeline.models"
  local pipeline = use "pipeline.data"
  local rows_of = use "experiment.rows"
  local with, plan = models.with, {}

  --- What a source is called in tables: the names of its folders, with + between them.
  -- @tparam string source
  -- @treturn string
  function plan.source_title(source)
    local names = {}
    for part in (source .. "+"):gmatch "([^+]*)%+" do
      names[#names + 1] = part:match "([^/]+)/*%s*$"
    end
    return table.concat(names, " + ")
  end

  -- Raises where a source has no name, or two have the same one.
  local function check_titles(where, sources)
    local seen = {}
    for _, source in ipairs(sources) do
      local title = plan.source_title(source)
      if title == "" then
        raise(("%s: data: %s names no folder"):format(where, args.quote(source)), 0)
      elseif seen[title] then
        raise(("%s: data: %s and %s would both be called %s in the tables; rename one"):format(
          where, seen[title], source, title), 0)
      end
      seen[title] = source
    end
  end

  --- The setting of an experiment: the one that is asked for, or that reads the data, among those
  -- that it is for. Raises where it is for another one.
  -- @tparam string where prefix of messages
  -- @tparam table entry of `experiments`
  -- @tparam table opt setting, data
  -- @treturn Setting
  function plan.setting(where, entry, opt)
    local only = entry.settings
    local setting = only and #only == 1 and not opt.setting and cmml.settings:get(only[1])
      or pipeline.setting_of(where, { setting = opt.setting, data = opt.data and opt.data[1],
        ratings = opt.ratings })
    for _, name in ipairs(only or { setting.name }) do
      if name == setting.name then
        return setting
      end
    end
    raise(("%s: it is for the setting %s, not for %s"):format(where, table.concat(only, ", "),
      setting.name), 0)
  end

  -- The names of metrics with their cutoffs: "recall" is recall at every one.
  local function full_names(where, names, cutoffs)
    local full, seen = {}, {}
    for _, name in ipairs(names) do
      local metric = cmml.metrics.find(where, name)
      for _, k in ipairs(metric.at and (metric.k and { metric.k } or cutoffs) or { false }) do
        local one = k and ("%s@%d"):format(metric.base, k) or metric.base
        full[#full + 1] = not seen[one] and one or nil
        seen[one] = true
      end
    end
    return full, seen
  end

  -- How cells are evaluated; and the full names of the metrics that are asked for.
  local function evaluation_of(where, setting, opt)
    local evaluation
    if setting.cell_evaluation then
      evaluation = setting.cell_evaluation(opt)
    else
      evaluation = { draws = opt.draws }
      for declared in setting.evaluation_options:each() do
        evaluation[declared.name] = opt[declared.name]
      end
    end
    local asked = opt.metrics
    if asked then
      local cutoffs = evaluation.cutoffs or { 10, 20 }
      where = where .. ": " .. args.option "metrics"
      local ranks = setting.binary ~= false or evaluation.rank ~= nil -- lists of a catalogue
      cmml.metrics.computer(where, asked, cutoffs, opt.relevant, ranks, ranks and {}) -- raises
      local _, known = full_names(where, evaluation.metrics or {}, cutoffs)
      asked = full_names(where, asked, cutoffs)
      for _, name in ipairs(asked) do
        if not known[name] then
          evaluation.metrics = evaluation.metrics or {}
          table.insert(evaluation.metrics, name)
        end
      end
    end
    return evaluation, asked
  end

  --- What the cells over a source under a protocol share.
  -- @tparam string where prefix of messages
  -- @tparam Setting setting
  -- @tparam ?string source nil: the made world
  -- @tparam table protocol
  -- @tparam table opt of the experiment
  -- @treturn table settings of a cell, without those of its recommender and its evaluation
  function plan.shared(where, setting, source, protocol, opt)
    local ok, files = pcall(pipeline.files, setting, source, opt)
    if not ok then
      raise(("%s: %s"):format(where, files), 0)
    end
    return { setting = setting.name, data = source, files = files, version = cmml._VERSION,
      options = cell_options.of_data(setting, opt, protocol) }
  end

  --- The settings of the cell of a row.
  -- @tparam table shared see `shared`
  -- @tparam table row of `rows.read`
  -- @tparam integer seed
  -- @tparam table opt of the experiment
  -- @treturn table
  function plan.cell_settings(shared, row, seed, opt)
    local training
    if row.class.learns == "gradient" then
      training = models.budget(row.class.setting, row.preset, opt, row.training)
    end
    return with(shared, { kind = row.class.kind, model = row.model, preset = row.preset,
      training = training, seed = seed,
      declared = cells.declared(cmml.core, row.class.setting, row.class) })
  end

  local most_named = 4 -- rows that are named by what they have in common; more are the others

  -- How long a model learns, in words.
  local function training_text(training, noun)
    local parts = {}
    local function add(form, value)
      parts[#parts + 1] = value and plain.format(form, value) or nil
    end
    local patience = (training.patience or 0) > 0 and training.patience or nil
    local text = not training.epochs and "as many epochs as the kind says"
      or ("%s%d epoch%s"):format(patience and "at most " or "", training.epochs,
        training.epochs == 1 and "" or "s")
    add(" of about %d steps", training.steps)
    add(", %d tasks a step", training.batch)
    add(", learning rate %g", training.lr)
    local schedule = training.schedule
    add(", learning rate by %s", type(schedule) == "table" and schedule.kind or schedule)
    add(", stopped after %d without improvement on the validation " .. noun, patience)
    return text .. table.concat(parts)
  end

  --- How long the models of rows learn, in words: said once if it is the same for all, else with
  -- the presets (or titles of rows) that it is for.
  -- @tparam Setting setting
  -- @tparam table rows of `rows.read`
  -- @tparam table opt of the experiment
  -- @treturn string "" where none learns by gradient
  function plan.training_text(setting, rows, opt)
    local texts, names, seen, several = {}, {}, {}, false
    for _, row in ipairs(rows) do -- whose presets may have the same names
      several = several or row.class ~= rows[1].class and row.class.learns == "gradient"
    end
    for _, row in ipairs(rows) do
      local name = not several and next(row.training) == nil and row.preset_name or row.row
      if row.class.learns == "gradient" and not seen[name] then
        seen[name] = true
        local text = training_text(models.budget(setting, row.preset, opt, row.training),
          setting.noun[2])
        texts[#texts + 1] = not names[text] and text or nil
        names[text] = names[text] or {}
        table.insert(names[text], name)
      end
    end
    local largest = texts[1]
    for _, text in ipairs(texts) do
      largest = #names[text] > #names[largest] and text or largest
    end
    local others
    for i, text in ipairs(#texts > 1 and texts or {}) do
      local is_many = text == largest and #names[text] > most_named
      others = is_many and "the others: " .. text or others
      texts[i] = not is_many and ("%s: %s"):format(table.concat(names[text], ", "), text) or false
    end
    local said = {}
    for _, text in ipairs(texts) do
      said[#said + 1] = text or nil
    end
    said[#said + 1] = others
    return table.concat(said, "; ")
  end

  -- What is computed, in words.
  local function budget_text(setting, sources, rows, opt, shared, evaluation)
    local parts, titles = {}, {}
    for i, source in ipairs(sources) do
      titles[i] = source and plan.source_title(source) or "made"
    end
    local function add(text)
      parts[#parts + 1] = text ~= "" and text or nil
    end
    add("data " .. table.concat(titles, ", "))
    add(plan.training_text(setting, rows, opt))
    add(setting.budget_text and setting.budget_text { options = shared.options,
      evaluation = evaluation } or "")
    local seed = shared.options.data_seed
    add(seed and ("seed of the split %d"):format(seed) or "")
    return table.concat(parts, "; ")
  end

  -- The tables of a source under a protocol.
  local function columns_of(where, setting, protocol, opt, source)
    if setting.columns then
      local list = setting.columns(protocol, opt, source)
      for _, tbl in ipairs(list) do
        for _, metric in ipairs(tbl.metrics) do
          metric.better = cmml.metrics.better(metric.base)
          metric.of_test = cmml.metrics.is_of_test(metric.base) or nil
        end
      end
      return list
    elseif not opt.metrics then
      raise(("%s: metrics are missing: the setting %s does not say which it shows"):format(where,
        setting.name), 0)
    end
    local metrics = {}
    for i, name in ipairs(opt.metrics) do
      metrics[i] = { name = name, base = name, head = name, better = cmml.metrics.better(name) }
    end
    return { { title = plan.source_title(source), leaky = protocol.leaky or false,
      metrics = metrics } }
  end

  --- The protocols of an experiment: those asked for, its own, or the setting's first.
  -- @tparam string where prefix of messages
  -- @tparam table entry of `experiments`
  -- @tparam Setting setting
  -- @tparam table opt
  -- @treturn table list of entries of setting.protocols
  function plan.protocols(where, entry, setting, opt)
    local list = {}
    for i, name in ipairs(opt.protocol or (entry.protocols or {})[setting.name]
      or { setting:protocol(where).name }) do
      list[i] = setting:protocol(where, name)
    end
    return list
  end

  -- Whether a protocol does not take an option of data.
  local function refuses(setting, protocol, name)
    for _, other in ipairs(setting.protocols) do
      if (other.takes or {})[name] and not (protocol.takes or {})[name] then
        return true
      end
    end
    return protocol["no_" .. name] ~= nil
  end

  -- The options for one of several protocols: what another of them takes, and this one does not, is
  -- for the other.
  local function options_for(setting, protocol, protocols, opt)
    local own = with(opt, {})
    for name in pairs(opt) do
      if refuses(setting, protocol, name) then
        for _, other in ipairs(protocols) do
          own[name] = refuses(setting, other, name) and own[name] or nil
        end
      end
    end
    return own
  end

  --- What the cells over the splits of a source share, one after the other.
  -- @tparam Setting setting
  -- @tparam table shared see `shared`
  -- @tparam table opt of the experiment
  -- @treturn table list
  function plan.splits(setting, shared, opt)
    local list = {}
    for i, changes in ipairs(setting.folds and setting.folds(opt) or { {} }) do
      list[i] = with(shared, { options = with(shared.options, changes) })
    end
    return list
  end

  -- The cells of a row, one a seed and split.
  local function add_cells(list, of, splits, row, opt)
    for seed = 1, of.fixed and 1 or opt.seeds do
      for i, shared in ipairs(splits) do
        local fold = #splits > 1 and i or nil
        list[#list + 1] = with(of, { seed = seed, fold = fold,
          name = ("%s, %s, seed %d%s"):format(of.table, of.row, seed,
            fold and (", fold %d"):format(fold) or ""),
          settings = plan.cell_settings(shared, row, seed, opt) })
      end
    end
  end

  --- The plan of an experiment of rows.
  -- @tparam table entry of `experiments`
  -- @tparam Setting setting
  -- @tparam table opt options
  -- @treturn table budget (a text), title, tables and cells; see `cmml.experiment.summary`
  function plan.make(entry, setting, opt)
    local where = "experiment " .. entry.name
    check_titles(where, opt.data or {})
    local read = rows_of.read(where, entry.rows, setting, opt)
    local evaluation, metrics = evaluation_of(where, setting, opt)
    local sources = opt.data or { false }
    local result, titles, strong = { cells = {}, tables = {}, title = read.title }, {}, {}
    local optional, tuning = {}, {}
    for i, row in ipairs(read.rows) do
      titles[i] = row.row
      optional[row.row] = row.optional or nil
      tuning[row.row] = row.preset and (row.preset.tuned or {}).seconds
      strong[row.row] = row.preset ~= nil and row.preset_name == row.class.default_preset or nil
    end
    local protocols = plan.protocols(where, entry, setting, opt)
    for _, protocol in ipairs(protocols) do
      local own = options_for(setting, protocol, protocols, opt)
      for _, source in ipairs(sources) do
        local shared = plan.shared(where, setting, source or nil, protocol, own)
        local title = source and plan.source_title(source) or "made"
        local id = ("%s, %s"):format(title, protocol.name)
        shared.evaluation = evaluation
        result.budget = result.budget or budget_text(setting, sources, read.rows, opt, shared,
          evaluation)
        for _, columns in ipairs(columns_of(where, setting, protocol, with(opt, { metrics = metrics,
          several = #sources > 1 }), source or "made")) do
          result.tables[#result.tables + 1] = { id = id, title = columns.title, rows = titles,
            metrics = columns.metrics, leaky = columns.leaky, evaluation = columns.evaluation,
            reference = read.reference, references = read.references,
            subjects = columns.compared ~= false and read.subjects or nil,
            strong = strong, noun = setting.noun, tuning = tuning }
        end
        for _, row in ipairs(read.rows) do
          add_cells(result.cells, { table = id, row = row.row, fixed = not row.class.seeded,
            optional = optional[row.row] }, plan.splits(setting, shared, opt), row, opt)
        end
      end
    end
    return result
  end

  plan.check_titles = check_titles
  return plan
end
