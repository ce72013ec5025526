--- Plans of the user setting: rows under protocols, a cell for each seed.
--
-- @module cmml.experiment.user_plan
local args = require "cmml.base.args"
local given = require "cmml.experiment.given"
local user_cell = require "cmml.experiment.user_cell"

local user_plan = {}

--- Options of the experiments that run in the user setting.
user_plan.options = {
  given.protocol_option,
  { name = "supports", kind = "string", arg = "LIST", list = "integer",
    help = "user setting: results by support, too, such as 0,1,2,5,10,20,40 [default: not]" },
  { name = "cap", kind = "integer", arg = "N",
    help = "user setting: ratings of a user that may be learnt from [default: 50 of capped]" },
}

--- The function that computes the cells.
user_plan.run = { "cmml.experiment.user_cell", "run" }

-- The cells of one row under one protocol.
local function add_cells(plan, cmml, row, protocol, shared, opt)
  local is_learnt = row.kind == "cmml"
  for seed = 1, is_learnt and opt.seeds or 1 do
    local changes = { protocol = protocol, kind = row.kind, seed = seed,
      cap = protocol ~= "full" and protocol ~= "melu" and (opt.cap
        or protocol == "capped" and 50) or nil }
    if is_learnt then
      changes.model = row.model
      changes.preset = cmml.presets[row.model.preset] -- another of that name is another cell
      changes.training = user_cell.budget(cmml, row.model.preset, opt)
    end
    plan.cells[#plan.cells + 1] = { table = protocol, row = row.row, seed = seed,
      fixed = not is_learnt, settings = user_cell.with(shared, changes),
      name = ("%s, %s, seed %d"):format(protocol, row.row, seed) }
  end
end

--- A plan.
-- @tparam table cmml the library
-- @tparam string experiment its name
-- @tparam table opt options
-- @tparam table rows list of {row, kind, model (options of `cmml.cmml`, where kind is "cmml")}
-- @tparam ?string reference a row
-- @tparam table protocols names of those by default
-- @treturn table budget, tables, cells; see `cmml.experiment.report`
function user_plan.make(cmml, experiment, opt, rows, reference, protocols)
  if opt.data and #opt.data > 1 then
    error(("experiment %s: the user setting takes one data folder, not %d"):format(experiment,
      #opt.data), 0)
  end
  local shared, names = user_cell.settings(cmml, opt), {}
  local plan = { cells = {}, tables = {},
    budget = user_cell.budget_text(cmml, shared, rows, opt) }
  for i, row in ipairs(rows) do
    names[i] = row.row
  end
  for _, name in ipairs(opt.protocol or protocols) do
    local protocol = user_cell.protocols[name]
    if not protocol then
      error(("experiment %s: there is no protocol %s; %s"):format(experiment, name,
        args.suggest(name, args.keys(user_cell.protocols))), 0)
    end
    local function add_table(title, part, metrics)
      plan.tables[#plan.tables + 1] = { id = name, title = title, rows = names,
        metrics = metrics, reference = reference, leaky = part.leaky }
    end
    for _, part in ipairs(protocol) do
      add_table(part.title, part, user_cell.columns(part.as))
      if #shared.supports > 0 then
        add_table(part.title .. ", by support", part,
          user_cell.columns_by_support(part.as, shared.supports))
      end
    end
    for _, row in ipairs(rows) do
      add_cells(plan, cmml, row, name, shared, opt)
    end
  end
  return plan
end

return user_plan
