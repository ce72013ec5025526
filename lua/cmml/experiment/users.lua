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

local simple = { { "item_user_mean", "item mean + user bias" },
  { "matrix_factorization", "matrix factorization" }, { "item_knn", "item-kNN" } }

-- What is compared: presets of CMML for the user setting, and what is counted.
local function rows_of()
  local rows = {}
  local function add(preset)
    rows[#rows + 1] = { row = preset, kind = "cmml", model = { preset = preset } }
  end
  setting.add_ablated(rows, "cmml", "recommended", "recommended")
  add "paper"
  add "published-code"
  for _, entry in ipairs(simple) do
    rows[#rows + 1] = { row = entry[2], kind = entry[1] }
  end
  return rows
end

--- What is to be computed.
-- @tparam table cmml the library
-- @tparam table opt options
-- @treturn table budget (a text), tables, cells; see `cmml.experiment.report`
function users.plan(cmml, opt)
  local plan = user_plan.make(cmml, "users", opt, rows_of(), simple[1][2], { "full", "capped" })
  for _, tbl in ipairs(plan.tables) do
    tbl.references = { simple[2][2] }
  end
  return plan
end

return users
