--- `cmml experiment users`: recommenders for people that were never seen (CMML's Table 3).
--
-- @module cmml.experiment.users
local setting = require "cmml.experiment.setting"
local user_plan = require "cmml.experiment.user_plan"

local users = {
  summary = "ratings of people never seen: presets of CMML and simple rivals (Table 3)",
  run = user_plan.run,
  options = user_plan.options,
}

local counted = { "item_user_mean", "matrix_factorization", "item_knn" }

-- What is compared: presets of CMML for the user setting, and what is counted.
local function rows_of(cmml)
  local rows = {}
  local function add(preset)
    rows[#rows + 1] = { row = preset, kind = "cmml", model = { preset = preset } }
  end
  setting.add_ablated(rows, "cmml", "recommended", "recommended")
  add "paper"
  add "published-code"
  for _, kind in ipairs(counted) do
    rows[#rows + 1] = { row = cmml.recommenders[kind].title, kind = kind }
  end
  return rows
end

--- What is to be computed.
-- @tparam table cmml the library
-- @tparam table opt options
-- @treturn table budget (a text), tables, cells; see `cmml.experiment.report`
function users.plan(cmml, opt)
  local plan = user_plan.make(cmml, "users", opt, rows_of(cmml),
    cmml.recommenders.item_user_mean.title, { "full", "capped" })
  for _, tbl in ipairs(plan.tables) do
    tbl.references = { cmml.recommenders.matrix_factorization.title }
  end
  return plan
end

return users
