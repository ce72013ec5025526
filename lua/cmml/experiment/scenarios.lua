--- `cmml experiment scenarios`: ranking in scenarios that were never seen (CMML's Table 2).
--
-- @module cmml.experiment.scenarios
local scenario_plan = require "cmml.experiment.scenario_plan"
local setting = require "cmml.experiment.setting"

local scenarios = {
  summary = "ranking in scenarios never seen: presets of CMML and simple rivals (Table 2)",
  run = { "cmml.experiment.scenario_cell", "run" },
  options = scenario_plan.options,
}

-- Presets of the scenario setting that are compared, and what has nothing to learn.
local function rows_of(cmml)
  local rows = {}
  local function add(name, preset)
    rows[#rows + 1] = { row = name, kind = "scenario_cmml", model = { preset = preset } }
  end
  setting.add_ablated(rows, "scenario_cmml", "recommended", "recommended/scenario")
  add("paper", "paper/scenario")
  add("published-code", "published-code/scenario")
  for _, kind in ipairs { "cf_score", "popularity", "support_popularity" } do
    rows[#rows + 1] = { row = cmml.recommenders[kind].title, kind = kind }
  end
  return rows
end

--- What is to be computed.
-- @tparam table cmml the library
-- @tparam table opt options
-- @treturn table budget (a text), tables, cells; see `cmml.experiment.report`
function scenarios.plan(cmml, opt)
  local plan = scenario_plan.make(cmml, "scenarios", opt, rows_of(cmml),
    cmml.recommenders.cf_score.title)
  for _, tbl in ipairs(plan.tables) do
    tbl.references = { cmml.recommenders.popularity.title }
  end
  return plan
end

return scenarios
