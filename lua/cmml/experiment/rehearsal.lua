--- Rehearsals: before cells are computed, the models of those that are left are made and a few
-- steps of their training and tasks of their evaluation are run, on their own data. So what a cell
-- would refuse is told before anything is computed, and how long the run will take.
--
-- @module cmml
local args = require "cmml.base.args"
local json = require "cmml.base.json"
local progress = require "cmml.base.progress"
local raise = args.error

return function(cmml, use)
  local cell = use "experiment.cell"
  local models = use "pipeline.models"
  local validation = use("train.train").validation
  local core, with, rehearsal = cmml.core, models.with, {}

  local stopped = {} -- ends a training or an evaluation that has run for long enough
  local each, most = 0.2, 10 -- seconds: of each look at a model; of all models of one split

  -- Calls a function that calls back with how much of how much is done, and which seconds since
  -- the last such call do not count, for a short while: the seconds that all of it takes, and those
  -- before, as of fitting what a training starts from.
  local function timed(f)
    local began, first, seconds, before, idle = core.clock(), nil, nil, 0, 0
    local ok, problem = pcall(f, function(done, count, aside)
      local now = core.clock()
      if not first and done < count then
        first = { done = done, at = now }
      elseif not first then
        error(stopped, 0)
      else
        idle = idle + (aside or 0)
        local took = now - first.at - idle
        if took >= each or done == count then
          local one = took / (done - first.done)
          seconds, before = one * count, math.max(0, first.at - began - one * first.done)
          error(stopped, 0)
        end
      end
    end)
    if not ok and problem ~= stopped then
      error(problem, 0)
    end
    return seconds or core.clock() - began, before
  end

  -- The seconds of an epoch with its validation, and those before the first one.
  local function epoch_seconds(setting, split, settings)
    local of_two -- an epoch has one step: the second tells what came before the first
    local seconds, before = timed(function(tell)
      local stepped, validated
      cell.make(setting, split, settings, { epochs = settings.training.epochs == 1 and 2 or nil,
        on_step = function(epoch, step, steps)
          of_two, stepped = steps == 1 and epoch == 2, core.clock()
          if steps == 1 then
            step, steps = epoch, 2
          end
          tell(step, steps, validated)
        end, on_epoch = function()
          validated = core.clock() - stepped
        end })
    end)
    seconds = of_two and seconds / 2 or seconds
    local model = cmml.recommenders[settings.kind](setting.catalogue(split), settings.model)
    local tasks, options = validation(model, split, with(settings.training))
    if tasks then
      local validating, preparing = timed(function(tell)
        options.on_task = tell
        cmml.evaluate({ model }, tasks, options)
      end)
      seconds = seconds + validating + preparing
    end
    return seconds, before, model
  end

  -- The seconds of the evaluation of a cell.
  local function evaluation_seconds(setting, split, model, settings)
    if not settings.evaluation or not model then
      return 0
    end
    local evaluations = setting.evaluations(split, settings.evaluation)
    local seconds, before = timed(function(tell)
      cmml.evaluate({ model }, evaluations[1].tasks, with(evaluations[1].options,
        { on_task = tell }))
    end)
    return #evaluations * (seconds + before)
  end

  -- Makes the model of a cell and begins its training, without learning.
  local function begin(setting, split, settings)
    local class = models.kind("cell", setting, settings.kind)
    if not settings.evaluation and #split.valid == 0 then
      raise("there is nothing to validate on: raise valid", 0)
    elseif class.learns == "gradient" then
      cell.make(setting, split, with(settings, { training = with(settings.training,
        { epochs = 0 }) }))
    else
      cmml.recommenders[settings.kind](setting.catalogue(split), settings.model)
    end
    return class
  end

  -- The seconds of a cell beside those of its data.
  local function cell_seconds(setting, split, settings)
    local class = models.kind("cell", setting, settings.kind)
    if class.learns ~= "gradient" then
      local model = class.learns == "none"
        and cmml.recommenders[settings.kind](setting.catalogue(split), settings.model)
      return evaluation_seconds(setting, split, model, settings)
    end
    local seconds, before, model = epoch_seconds(setting, split, settings)
    local epochs = settings.training.epochs or (model.training or {}).epochs or 30
    return before + seconds * epochs + evaluation_seconds(setting, split, model, settings)
  end

  -- What cells have in common whose data are the same, and whose models are.
  local function keys_of(settings)
    local preset = settings.preset or {}
    return json.encode { settings.setting, settings.data or false, settings.options,
      preset.split or false, preset.vectors or false },
      json.encode { settings.kind, settings.model or {}, settings.training or {} }
  end

  -- Rehearses the cells over one split; adds their seconds, and what they would refuse. Raises
  -- where there is nothing to evaluate, whatever the model.
  local function rehearse_group(group, timing, result)
    local began = core.clock()
    local setting, data = cell.read(group.list[1].settings)
    local split = cell.split(setting, data, group.list[1].settings)
    if group.list[1].settings.evaluation then
      setting.evaluations(split, group.list[1].settings.evaluation)
    end
    local preparing, first = core.clock() - began, core.clock()
    local sum, count = 0, 0
    for _, models_cells in ipairs(group.models) do
      local settings = models_cells[1].settings
      local ok, problem = pcall(args.call, begin, setting, split, settings)
      if ok and timing and core.clock() - first < most then
        local seconds
        ok, seconds = pcall(args.call, cell_seconds, setting, split, settings)
        if ok then
          sum, count = sum + seconds * #models_cells, count + #models_cells
        else
          problem = seconds
        end
      end
      if not ok and args.is_interrupt(problem) then
        error(problem, 0)
      end
      for _, refused in ipairs(ok and {} or models_cells) do
        result.refused[refused] = problem
      end
    end
    local mean = count > 0 and sum / count or 0
    result.seconds = result.seconds + preparing * #group.list + mean * #group.list
  end

  --- Rehearses cells.
  -- @tparam table list of cells that are left
  -- @tparam boolean timing whether to look how long they take
  -- @treturn table seconds (of all cells, one after the other), refused (messages by cell)
  function rehearsal.run(list, timing)
    local groups, by_key, result = {}, {}, { seconds = 0, refused = {} }
    for _, entry in ipairs(list) do
      if entry.settings.kind then -- other cells are not of a recommender
        local data, model = keys_of(entry.settings)
        local group = by_key[data]
        if not group then
          group = { list = {}, models = {} }
          groups[#groups + 1], by_key[data] = group, group
        end
        table.insert(group.list, entry)
        if not group.models[model] then
          group.models[model] = {}
          table.insert(group.models, group.models[model])
        end
        table.insert(group.models[model], entry)
      end
    end
    for _, group in ipairs(groups) do
      rehearse_group(group, timing, result)
      collectgarbage()
    end
    return result
  end

  --- What is said of the time that cells take.
  -- @tparam number seconds of all, one after the other
  -- @tparam integer count number of cells
  -- @tparam table opt jobs, processes
  -- @treturn ?number seconds; nil where no cell could be rehearsed
  -- @treturn ?string
  function rehearsal.estimate(seconds, count, opt)
    if seconds == 0 or count == 0 then
      return nil
    end
    local at_once = opt.processes and math.min(opt.jobs, count) or 1
    seconds = seconds / at_once
    local about = seconds < 1 and "less than a second" or "about " .. progress.duration(seconds)
    return seconds, ("estimate: %s for %d cell%s%s, from a few steps and evaluated tasks of "
      .. "each model; less where training stops early"):format(about, count,
      count == 1 and "" or "s", at_once > 1 and (", %d at a time"):format(at_once) or "")
  end

  return rehearsal
end
