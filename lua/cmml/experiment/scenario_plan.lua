--- Plans of the scenario setting: rows over data sets, a cell for each seed.
--
-- @module cmml.experiment.scenario_plan
local args = require "cmml.base.args"
local given = require "cmml.experiment.given"
local scenario_cell = require "cmml.experiment.scenario_cell"
local user_cell = require "cmml.experiment.user_cell"

local scenario_plan = {}

--- Options of the experiments that run in the scenario setting.
scenario_plan.options = {
  given.protocol_option,
  { name = "factors", kind = "integer", arg = "N",
    help = "scenario setting: numbers of a vector [default: 64]" },
  { name = "vectors", kind = "string", arg = "NAME",
    help = "scenario setting: method of the vectors, als or bpr, with its own options [default: "
      .. "als with those of recommended/scenario]" },
  { name = "min-items", kind = "integer", arg = "N",
    help = "scenario setting: items of a scenario at least [default: 101]" },
  { name = "max-items", kind = "integer", arg = "N",
    help = "scenario setting: items of a scenario at most [default: 999]" },
  { name = "by", kind = "string", arg = "NAME",
    help = "scenario setting: how items of MovieLens are grouped: genre, combination (of two "
      .. "genres), genre+combination or tag [default: genre]" },
}

--- What a data set is called in tables: its folder's name, several with + between them.
-- @tparam string source
-- @tparam string protocol
-- @treturn string
-- @treturn {string,...} the names of the sets
function scenario_plan.title_of(source, protocol)
  local names = {}
  for part in (source .. "+"):gmatch "([^+]*)%+" do
    names[#names + 1] = part:match "([^/]+)/*$"
  end
  local title = table.concat(names, " + ")
  return protocol == "published" and title .. ", split as published" or title, names
end

local function columns(prefix)
  local list = {}
  for i, name in ipairs(scenario_cell.metrics) do
    list[i] = { name = prefix .. name, base = name, head = name }
  end
  return list
end

-- The cells of one row over one data set.
local function add_cells(plan, cmml, row, id, shared, opt)
  local is_learnt = row.kind == "scenario_cmml"
  for seed = 1, is_learnt and opt.seeds or 1 do
    local changes = { kind = row.kind, seed = seed }
    if is_learnt then
      changes.model, changes.preset = row.model, cmml.presets[row.model.preset]
      changes.training = scenario_cell.budget(cmml, opt, row.model.preset)
    end
    plan.cells[#plan.cells + 1] = { table = id, row = row.row, seed = seed, fixed = not is_learnt,
      settings = user_cell.with(shared, changes),
      name = ("%s, %s, seed %d"):format(id, row.row, seed) }
  end
end

--- Raises where two sets of data would have the same name in tables.
-- @tparam string experiment its name
-- @tparam table opt options
function scenario_plan.check_titles(experiment, opt)
  local seen = {}
  for _, source in ipairs(opt.data or {}) do
    local title = scenario_plan.title_of(source)
    if title == "" then
      error(("experiment %s: data: %q names no folder"):format(experiment, source), 0)
    elseif seen[title] then
      error(("experiment %s: data: %s and %s would both be called %s in the tables; rename one")
        :format(experiment, seen[title], source, title), 0)
    end
    seen[title] = source
  end
end

--- The protocols of an experiment.
-- @tparam string experiment its name
-- @tparam table opt options
-- @treturn {string,...}
function scenario_plan.protocols_of(experiment, opt)
  for _, name in ipairs(opt.protocol or {}) do
    if name ~= "no-leak" and name ~= "published" then
      error(("experiment %s: the scenario setting has no protocol %s; %s"):format(experiment, name,
        args.suggest(name, { "no-leak", "published" })), 0)
    end
  end
  return opt.protocol or { "no-leak" }
end

--- A plan.
-- @tparam table cmml the library
-- @tparam string experiment its name
-- @tparam table opt options
-- @tparam table rows list of {row, kind, model (options of `scenario_cmml`, if it is one)}
-- @tparam ?string reference a row
-- @treturn table budget, tables, cells; see `cmml.experiment.report`
function scenario_plan.make(cmml, experiment, opt, rows, reference)
  local plan, names = { cells = {}, tables = {} }, {}
  for i, row in ipairs(rows) do
    names[i] = row.row
  end
  scenario_plan.check_titles(experiment, opt)
  for _, protocol in ipairs(scenario_plan.protocols_of(experiment, opt)) do
    for _, source in ipairs(opt.data or { "made" }) do
      local shared = scenario_cell.settings(cmml, opt, source, protocol)
      plan.budget = plan.budget or scenario_cell.budget_text(shared, cmml, opt)
      local title, parts = scenario_plan.title_of(source, protocol)
      local function add_table(text, prefix)
        plan.tables[#plan.tables + 1] = { id = title, title = text, rows = names,
          metrics = columns(prefix), reference = reference, leaky = protocol == "published" }
      end
      add_table(title, "")
      for d, part in ipairs(#parts > 1 and parts or {}) do
        add_table(("%s: scenarios of %s alone"):format(title, part), d .. "/")
      end
      for _, row in ipairs(rows) do
        add_cells(plan, cmml, row, title, shared, opt)
      end
    end
  end
  return plan
end

return scenario_plan
