--- Plans of `contexts` and `routes`: a table with a row for each data set, and files of points.
--
-- @module cmml
local raise = require("cmml.base.args").error

return function(cmml, use) -- luacheck: ignore 212
  local models = use "pipeline.models"
  local plans = use "experiment.plan"
  local rows_of = use "experiment.rows"
  local context_plan = {}

  --- The options of such an experiment.
  context_plan.options = {
    { name = "preset", list = "string", group = "rows", short = true, tunable = false,
      help = "presets of models", default_text = "the experiment's" },
    { name = "groups", kind = "integer", default = 6, from = 1, group = "rows", tunable = false,
      help = "number of groups of scenarios that share items" },
  }

  --- A plan.
  -- @tparam string name of the experiment
  -- @tparam Setting setting
  -- @tparam table opt options
  -- @tparam ?table presets by default: names; nil: the kind's default
  -- @tparam string title of the table
  -- @tparam table metrics of the table
  -- @treturn table budget, tables, cells; see `cmml.experiment.summary`; rows (of `rows.read`)
  function context_plan.make(name, setting, opt, presets, title, metrics)
    local where = "experiment " .. name
    presets = opt.preset or presets or { models.kind(where, setting).default_preset }
    local given, list = {}, {}
    for i, preset in ipairs(presets) do
      models.preset(where, models.kind(where, setting), preset) -- raises
      given[i] = { row = preset, preset = preset }
    end
    local read = rows_of.read(where, given, setting, opt).rows
    local protocols = plans.protocols(where, {}, setting, opt)
    if #protocols > 1 then
      raise(("%s: takes one protocol, not %s"):format(where, table.concat(opt.protocol, ",")), 0)
    end
    plans.check_titles(where, opt.data or {})
    local plan = { cells = {}, rows = read }
    for _, source in ipairs(opt.data or { false }) do
      local shared = plans.shared(where, setting, source or nil, protocols[1], opt)
      shared.context = { groups = opt.groups, seed = 1, -- of supports: each draw is a forward pass
        draws = opt.draws or opt.quick and 2 or 10 }
      plan.budget = plan.budget or ("%s; contexts and routes are means of %d draws of the "
        .. "supports; groups: %d by k-means on the items that scenarios share; pictures: seed 1")
        :format(plans.training_text(setting, read, opt), shared.context.draws, opt.groups)
      local source_title = source and plans.source_title(source) or "made"
      if protocols[1].leaky then
        source_title = ("%s, protocol %s"):format(source_title, protocols[1].name)
      end
      for _, row in ipairs(read) do
        local row_title = ("%s, %s"):format(source_title, row.row)
        list[#list + 1] = row_title
        for seed = 1, opt.seeds do
          plan.cells[#plan.cells + 1] = { table = name, row = row_title, seed = seed,
            name = ("%s, seed %d"):format(row_title, seed),
            settings = plans.cell_settings(shared, row, seed, opt) }
        end
      end
    end
    plan.tables = { { id = name, title = title, rows = list, metrics = metrics,
      leaky = protocols[1].leaky or false } }
    return plan
  end

  return context_plan
end
