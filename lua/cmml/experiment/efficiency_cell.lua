--- The cell of `efficiency`: what a training step and adapting to a support cost, of several
-- recommenders in turns, on the same batches and supports.
--
-- @module cmml
local plain = require "cmml.base.plain"
local turns = require "cmml.base.turns"
local raise = require("cmml.base.args").error

return function(cmml, use)
  local cell = use "experiment.cell"
  local models = use "pipeline.models"
  local stepper = use("train.train").stepper
  local core, efficiency_cell = cmml.core, {}

  -- Supports that are adapted to one after the other, so that none finds its rows in the cache of
  -- the last one.
  local n_supports = 16

  -- The data: of files, or made ones of published sizes, or of a quick run.
  local function read(settings)
    local setting = cmml.settings:find("cell: setting", settings.setting, 0)
    if not settings.full then
      return cell.read(settings)
    end
    return setting, setting.made_full()
  end

  -- Supports of a task each.
  local function supports_of(tasks)
    local list = {}
    for people, draw in tasks:people(1) do
      for _, one in ipairs(people) do
        list[#list + 1] = tasks:draw(draw or 1, { one }).support
        if #list == n_supports then
          return list
        end
      end
    end
    return list
  end

  -- Bytes that a call takes at most, beyond what was there before it.
  local function peak_of(run)
    collectgarbage()
    collectgarbage()
    core.memory(true)
    local before = core.memory().live
    run()
    return core.memory().peak - before
  end

  -- A recommender as two functions, one for each thing that is measured.
  local function measured(setting, split, row, settings, shared)
    local class = models.kind("experiment efficiency", setting, row.kind)
    local model = cmml.recommenders[class.kind](setting.catalogue(split), models.with(row.model,
      { seed = settings.seed }))
    local step
    step, shared.tasks = stepper(model, split, row.training, shared.tasks)
    shared.supports = shared.supports or supports_of(shared.tasks)
    local at = 0
    return { parameters = model.module:count(), step = function()
      local loss = step()
      if loss ~= loss or math.abs(loss) == math.huge then
        raise(plain.format("row %s: the loss of a training step was no longer a finite number: "
          .. "lower its learning rate", row.row), 0)
      end
    end, adapt = function()
      at = at % #shared.supports + 1
      model:state_of(shared.supports[at])
    end }
  end

  --- Computes a cell.
  -- @tparam table settings those of cells (see experiment/cell.lua) without kind, and rows (list of
  -- {row, kind, model, training}), full (whether data are made that are as large as published
  -- ones), rounds, least (see `turns.measure`)
  -- @tparam function tell
  -- @treturn table rows: list of {row, parameters, step, adapt}; step and adapt have seconds (a
  -- list, of each turn) and bytes; tasks (of a step), support (rows of each support)
  function efficiency_cell.run(settings, tell)
    tell "reading the data"
    local setting, data = read(settings)
    tell "preparing the data"
    local split = cell.split(setting, data, settings)
    local list, shared, runs, kept = {}, {}, {}, { rows = {}, metrics = {} }
    for i, row in ipairs(settings.rows) do
      list[i] = measured(setting, split, row, settings, shared)
      runs[#runs + 1], runs[#runs + 2] = list[i].step, list[i].adapt
    end
    local found = turns.measure(runs, { rounds = settings.rounds, least = settings.least,
      on_round = function(round, rounds)
        tell(("turn %d/%d"):format(round, rounds))
      end })
    for i, entry in ipairs(list) do
      kept.rows[i] = { row = settings.rows[i].row, parameters = entry.parameters,
        step = { seconds = found[2 * i - 1], bytes = peak_of(entry.step) },
        adapt = { seconds = found[2 * i], bytes = peak_of(entry.adapt) } }
    end
    local supports = 0
    for _, support in ipairs(shared.supports) do
      supports = supports + #support.items / #shared.supports
    end
    kept.support = supports
    kept.tasks = #shared.tasks:people(1)()
    return kept
  end

  return efficiency_cell
end
