--- Plans of `contexts` and `routes`: a table with a row for each data set, and files of points.
--
-- @module cmml.experiment.context_plan
local args = require "cmml.base.args"
local scenario_cell = require "cmml.experiment.scenario_cell"
local scenario_plan = require "cmml.experiment.scenario_plan"
local user_cell = require "cmml.experiment.user_cell"

local context_plan = {}

--- Options of such an experiment.
-- @tparam table own those that it has alone
-- @treturn table list
function context_plan.options(own)
  local list = { { name = "preset", kind = "string", arg = "LIST", list = true,
    help = "contexts, routes: presets of models [default: recommended/scenario; for routes "
      .. "paper/scenario/soft]" },
    { name = "groups", kind = "integer", arg = "N",
      help = "contexts, routes: groups of scenarios that share items [default: 6]" } }
  table.move(own, 1, #own, #list + 1, list)
  return table.move(scenario_plan.options, 1, #scenario_plan.options, #list + 1, list)
end

-- Raises unless all are presets of the scenario setting.
local function check_presets(cmml, experiment, presets)
  local known = {}
  for _, name in ipairs(args.keys(cmml.presets)) do
    known[#known + 1] = cmml.presets[name].setting == "scenario" and name or nil
  end
  for _, preset in ipairs(presets) do
    if not cmml.presets[preset] or cmml.presets[preset].setting ~= "scenario" then
      error(("experiment %s: there is no preset %s of the scenario setting; %s"):format(experiment,
        preset, args.suggest(preset, known)), 0)
    end
  end
end

--- A plan.
-- @tparam table cmml the library
-- @tparam string experiment its name
-- @tparam table opt options
-- @tparam table presets by default: names
-- @tparam string title of the table
-- @tparam table metrics of the table
-- @treturn table budget, tables, cells; see `cmml.experiment.report`; presets
function context_plan.make(cmml, experiment, opt, presets, title, metrics)
  presets = opt.preset or presets
  local groups = opt.groups or 6
  check_presets(cmml, experiment, presets)
  local protocols = scenario_plan.protocols_of(experiment, opt)
  local protocol = protocols[1]
  if #protocols > 1 then
    error(("experiment %s: takes one protocol, not %s"):format(experiment,
      table.concat(protocols, ",")), 0)
  end
  scenario_plan.check_titles(experiment, opt)
  local plan, rows = { cells = {}, presets = presets }, {}
  for _, source in ipairs(opt.data or { "made" }) do
    local shared = scenario_cell.settings(cmml, opt, source, protocol)
    shared.draws = opt.draws or opt.quick and 2 or 10 -- of supports: each is a forward pass
    plan.budget = plan.budget or ("%s; contexts and routes are means of these draws; groups: %d by "
      .. "k-means on the items that scenarios share; pictures: seed 1"):format(
      scenario_cell.budget_text(shared, cmml, opt), groups)
    for _, preset in ipairs(presets) do
      local row = ("%s, %s"):format(scenario_plan.title_of(source, protocol), preset)
      rows[#rows + 1] = row
      for seed = 1, opt.seeds do
        plan.cells[#plan.cells + 1] = { table = experiment, row = row, seed = seed,
          name = ("%s, seed %d"):format(row, seed),
          settings = user_cell.with(shared, { cell = experiment, groups = groups, seed = seed,
            model = { preset = preset }, preset = cmml.presets[preset],
            training = scenario_cell.budget(cmml, opt, preset) }) }
      end
    end
  end
  plan.tables = { { id = experiment, title = title, rows = rows, metrics = metrics,
    leaky = protocol == "published" } }
  return plan
end

--- The results of the first seed, which are drawn.
-- @tparam table plan
-- @tparam table results by cell
-- @treturn table list of {row, result}
function context_plan.drawn(plan, results)
  local list = {}
  for _, cell in ipairs(plan.cells) do
    list[#list + 1] = cell.seed == 1 and results[cell] and { row = cell.row,
      result = results[cell] } or nil
  end
  return list
end

--- The name of a file: number and title of a data set, in letters that every file system takes.
-- @tparam integer number
-- @tparam string row
-- @tparam string ending
-- @treturn string
function context_plan.file_name(number, row, ending)
  return ("%d-%s-%s"):format(number, (row:gsub("[^%w]+", "-")), ending)
end

--- A CSV document.
-- @tparam table lines list of lists of texts and numbers
-- @treturn string
function context_plan.csv(lines)
  local texts = {}
  for i, line in ipairs(lines) do
    local cells = {}
    for j, value in ipairs(line) do
      local text = math.type(value) == "float" and ("%.6g"):format(value) or tostring(value)
      cells[j] = text:find '[",\r\n]' and '"' .. text:gsub('"', '""') .. '"' or text
    end
    texts[i] = table.concat(cells, ",")
  end
  return table.concat(texts, "\n") .. "\n"
end

return context_plan
