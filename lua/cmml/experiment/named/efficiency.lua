--- `cmml experiment efficiency`: what training and adapting cost (CMML's Figure 2 and Table 1).
--
-- @module cmml
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"
local tables = require "cmml.base.tables"
local turns = require "cmml.base.turns"
local wrap = require("cmml.base.text").wrap
local raise = args.error

-- What is measured: field of a result, how a heading calls it, and what each of k steps should
-- cost, as a multiple of one forward pass (CMML's Table 1, where a backward pass takes twice the
-- time of a forward pass f and as much memory: k (f + b) / f of adapting, 5 k and 2 k of training).
local measures = {
  { name = "step", title = "a training step", time = 5, memory = 2 },
  { name = "adapt", title = "adapting to a support", time = 3, memory = 2 },
}
local costs = {
  { name = "time", title = "time", unit = "ms", scale = 1e3 },
  { name = "memory", title = "peak memory", unit = "MB", scale = 1e-6 },
}

local columns = { { name = "data", kind = "text" }, { name = "row", kind = "text" },
  { name = "steps", kind = "integer" }, { name = "measure", kind = "text" },
  { name = "cost", kind = "text" }, { name = "unit", kind = "text" },
  { name = "value", kind = "number" }, { name = "low", kind = "number" },
  { name = "high", kind = "number" }, { name = "ratio", kind = "number" },
  { name = "ratio_low", kind = "number" }, { name = "ratio_high", kind = "number" },
  { name = "complexity", kind = "number" }, { name = "parameters", kind = "integer" },
  { name = "turns", kind = "integer" } }

return function(cmml, use)
  use "experiment.registry"
  local efficiency_cell = use "experiment.efficiency_cell"
  local models = use "pipeline.models"
  local parts = use "experiment.parts_of_preset"
  local plans = use "experiment.plan"
  local rows_of = use "experiment.rows"

  -- The published preset of a kind: `published-code`, what CMML's authors ran (MeLU's own program
  -- takes steps of first order, which the figure does not mean); else the shortest name that says
  -- so; else the default.
  local function published(class)
    local found
    if class.presets["published-code"] then
      return "published-code"
    end
    for _, name in ipairs(args.keys(class.presets)) do
      if name:find "^published" and (not found or #name < #found) then
        found = name
      end
    end
    return found or class.default_preset
  end

  -- The setting's kind that adapts by one forward pass, with the parts of the figure.
  local function forward_row(setting, opt)
    local class = models.kind("experiment efficiency", setting)
    local row = parts.modulated(opt.preset or published(class), "film")
    row.row, row.kind = class.title, class.kind
    row.model.encoder, row.model.hybrid = "gru", "dot"
    for _, name in ipairs(args.keys(row.model)) do
      row.model[name] = class.known:find(name) and row.model[name] or nil
    end
    return row
  end

  -- The forward pass, and each kind that takes steps on a support at every number of them.
  local function default_rows(_, setting, opt)
    local rows = { forward_row(setting, opt) }
    for _, class in ipairs(cmml.kinds.list(setting.name)) do
      for _, steps in ipairs(class.learns == "gradient" and class.kind ~= rows[1].kind
        and class.steps and opt.steps or {}) do
        local model = {}
        for _, name in ipairs(class.steps) do
          model[name] = steps
        end
        rows[#rows + 1] = { kind = class.kind, preset = published(class), model = model,
          row = ("%s, %d step%s"):format(class.title, steps, steps == 1 and "" or "s") }
      end
    end
    return rows
  end

  -- How many steps a row takes on a support; nil where it takes none.
  local function steps_of(row)
    local most
    for _, name in ipairs(row.class.steps or {}) do
      local value = row.model[name]
      value = value == nil and row.preset and row.preset.model[name] or value
      value = value == nil and row.class.known:find(name).default or value
      most = math.max(most or 0, math.tointeger(value) or 0)
    end
    return most
  end

  -- The cell of a source: all rows of it, which are measured in turns.
  local function cell_of(setting, read, source, protocol, opt)
    local settings = plans.shared("experiment efficiency", setting, source, protocol, opt)
    settings.preset, settings.seed = read[1].preset, 1
    settings.full = not source and not opt.quick or nil
    settings.rounds, settings.least, settings.rows = opt.turns, opt.least, {}
    for i, row in ipairs(read) do
      local of_row = plans.cell_settings(settings, row, 1, opt)
      settings.rows[i] = { row = row.row, kind = of_row.kind, model = of_row.model,
        training = of_row.training, declared = of_row.declared }
    end
    return settings
  end

  local function plan(setting, opt)
    local where = "experiment efficiency"
    if not opt.data and not opt.quick and not setting.made_full then
      raise(("%s: data are missing: the setting %s has no made data of published sizes"):format(
        where, setting.name), 0)
    end
    plans.check_titles(where, opt.data or {})
    local read = rows_of.read(where, opt.rows or default_rows, setting, opt).rows
    for _, row in ipairs(read) do
      if row.class.learns ~= "gradient" then
        raise(("%s: row %s: %s learns without gradient training: it has no training step to "
          .. "measure"):format(where, args.quote(row.row), row.class.kind), 0)
      end
    end
    local protocols = plans.protocols(where, {}, setting, opt)
    if #protocols > 1 then
      raise(("%s: takes one protocol, not %s"):format(where, table.concat(opt.protocol, ",")), 0)
    end
    local result = { cells = {}, tables = {}, rows = read }
    for _, source in ipairs(opt.data or { false }) do
      local title = source and plans.source_title(source)
        or opt.quick and "made" or "made data of published sizes"
      result.cells[#result.cells + 1] = { table = title, row = title, seed = 1, name = title,
        settings = cell_of(setting, read, source or nil, protocols[1], opt) }
    end
    result.budget = ("processor seconds in one process and one thread: medians and quartiles of "
      .. "%d turns; memory is what the core's tensors and tables take at most beyond what stood "
      .. "before; ratios are those of neighbouring turns to %s"):format(opt.turns, read[1].row)
    return result
  end

  -- The numbers of a measure of a row, beside those of the first row.
  local function record_of(title, row, entry, first, measure, cost)
    local own, of_first = entry[measure.name], first.entry[measure.name]
    local record = { data = title, row = row.row, steps = row.steps, measure = measure.title,
      cost = cost.title, unit = cost.unit, parameters = entry.parameters,
      turns = #own.seconds, complexity = row.steps and not first.steps
        and measure[cost.name] * row.steps or row.steps == first.steps and 1 or nil }
    if cost.name == "memory" then
      record.value, record.ratio = own.bytes * cost.scale, own.bytes / of_first.bytes
      return record
    end
    local value = turns.spread(own.seconds)
    local ratio = turns.spread(turns.ratios(own.seconds, of_first.seconds))
    record.value, record.low, record.high = value.middle * cost.scale, value.low * cost.scale,
      value.high * cost.scale
    record.ratio, record.ratio_low, record.ratio_high = ratio.middle, ratio.low, ratio.high
    return record
  end

  -- A measure and a cost of it as text.
  local function text_of(records, measure, cost, first)
    local timed = records[1].ratio_low ~= nil
    local grid = { { "model", cost.unit, "times " .. first, timed and "quartiles" or nil } }
    table.insert(grid[1], "expected")
    for i, record in ipairs(records) do
      grid[i + 1] = { record.row, plain.format("%.4g", record.value),
        plain.format("%.2f", record.ratio) }
      if timed then
        table.insert(grid[i + 1], plain.format("%.2f-%.2f", record.ratio_low,
          record.ratio_high))
      end
      table.insert(grid[i + 1], tables.number(record.complexity))
    end
    return ("### %s: %s of %s\n\n%s"):format(records[1].data, cost.title, measure.title,
      tables.markdown(grid, 79))
  end

  -- A picture of a measure: a line for each kind over its numbers of steps; what takes no steps is
  -- level.
  local function picture(records, measure, cost, rows)
    local series, by_name, counts = {}, {}, {}
    for _, row in ipairs(rows) do
      counts[#counts + 1] = row.steps
    end
    for i, record in ipairs(records) do
      local name = record.steps and rows[i].class.title or record.row
      local one = by_name[name]
      if not one then
        one = { name = name, points = {} }
        series[#series + 1], by_name[name] = one, one
      end
      for _, x in ipairs(record.steps and { record.steps } or #counts > 0 and counts or { 0 }) do
        one.points[#one.points + 1] = { x, record.value, record.low, record.high }
      end
    end
    local title = plain.upper(cost.title:sub(1, 1)) .. cost.title:sub(2)
    return cmml.svg.lines { title = ("%s of %s: %s"):format(title, measure.title,
      records[1].data), x = "steps on a support", y = cost.unit, series = series,
      to_scale = true,
      note = cost.name == "time" and "medians and quartiles over turns" or nil }
  end

  local function finish(of_plan, results)
    local texts, files, all = {}, {}, {}
    for number, cell in ipairs(of_plan.cells) do
      local result = results[cell]
      local first = result and { steps = of_plan.rows[1].steps, entry = result.rows[1] }
      for _, measure in ipairs(result and measures or {}) do
        for _, cost in ipairs(costs) do
          local records = {}
          for i, row in ipairs(of_plan.rows) do
            records[i] = record_of(cell.row, row, result.rows[i], first, measure, cost)
          end
          table.move(records, 1, #records, #all + 1, all)
          texts[#texts + 1] = text_of(records, measure, cost, of_plan.rows[1].row)
          files[#files + 1] = { ("%d-%s-%s.svg"):format(number, measure.name, cost.name),
            picture(records, measure, cost, of_plan.rows) }
        end
      end
      texts[#texts + 1] = result and wrap(plain.format("%s: %d tasks a training step; supports of "
        .. "%.0f rows on average, one at a time when adapting.", cell.row, result.tasks,
        result.support), 0, 79)
    end
    local found = { { name = "efficiency", columns = columns, rows = all } }
    if #all == 0 then
      return nil, nil, found
    end
    texts[#texts + 1] = wrap("Expected: what k steps should cost if a gradient takes twice the "
      .. "time of a forward pass and as much memory (the paper's Table 1): training 5 k times the "
      .. "time and 2 k times the memory, adapting 3 k and 2 k.", 0, 79)
    return table.concat(texts, "\n\n"), files, found
  end

  cmml.register_experiment {
    name = "efficiency", made = true, evaluates = false,
    without = { "seeds", "draws", "resamples", "budget", "epochs", "patience" },
    summary = "time and memory of training and adapting, by one forward pass and by gradient steps "
      .. "(Figure 2, Table 1); without data, on made ones of published sizes",
    options = {
      { name = "rows", kind = { "string", "table", "function" }, arg = "FILE", group = "rows",
        short = true, tunable = false, default_text = "CMML, and each kind that takes steps",
        help = "Lua file of what is measured, as for compare; the first row is what the others are "
          .. "compared with" },
      { name = "steps", list = "integer", from = 0, to = 1000, default = { 1, 5, 10, 20 },
        group = "rows", short = true, tunable = false,
        help = "numbers of gradient steps on a support" },
      { name = "preset", kind = "string", arg = "NAME", group = "rows", tunable = false,
        help = "preset of the first row", default_text = "the published one" },
      { name = "turns", kind = "integer", from = 1, to = 100000, default = 20, group = "running",
        short = true, tunable = false, help = "how often each is measured" },
      { name = "least", kind = "number", above = 0, to = 3600, default = 0.05, unit = "seconds",
        group = "running", tunable = false, help = "how long a turn takes, at least" },
    },
    plan = function(setting, opt)
      opt.jobs = 1 -- no measurement runs beside another one
      local made = plan(setting, opt)
      for _, row in ipairs(made.rows) do
        row.steps = steps_of(row)
      end
      return made
    end,
    cell = efficiency_cell.run, finish = finish,
  }
end
