--- The options of experiments and of tuning: how cells are run, what they are evaluated by, and
-- what the data are.
--
-- @module cmml
local args = require "cmml.base.args"
local lists = require "cmml.settings.experiment_options"
local options = require "cmml.base.options"
local raise = args.error

return function(cmml, use)
  local models = use "pipeline.models"
  local pipeline = use "pipeline.data"
  local training = use("train.options").known
  local cell_options = {}

  local run = options.declare("experiment and tune (running cells)", lists.running)
  local compare = options.declare("experiment (every one)", lists.compared)
  local searched = {}
  for i, declared in ipairs(lists.searched) do
    searched[i] = declared.name == "model" and options.changed(declared, {
      default_text = models.default_kinds }) or declared
  end
  local tune = options.declare("tune (the search)", searched)

  local kinds = options.declare("tune_kinds (the kinds)", lists.searched_kinds)

  -- Options of training, with the limit of epochs that a budget has.
  local function of_training(names)
    local list = {}
    for declared in training:only(names):each() do
      list[#list + 1] = declared.name == "epochs" and options.changed(declared, {
        default_text = "200 under the budget converged, else " .. declared.default_text })
        or declared
    end
    return options.of("experiment and tune (training)", list)
  end

  -- The options of data in every setting, without those of which an experiment takes lists.
  local function data_set()
    return (pipeline.option_sets()):without { "data", "protocol" }
  end

  --- The sets of an experiment, without those of its own.
  -- @tparam ?{string,...} settings names of those it is for; nil: all
  -- @treturn {Options,...}
  function cell_options.of_experiment(settings)
    local list, is_for = { compare, data_set() }, {}
    for _, name in ipairs(settings or cmml.settings:names()) do
      is_for[name] = true
    end
    for name, setting in cmml.settings:each() do
      if is_for[name] then
        list[#list + 1], list[#list + 2] = setting.options, setting.evaluation_options
        list[#list + 1] = setting.experiment_options
      end
    end
    list[#list + 1] = of_training(lists.training)
    list[#list + 1] = run
    return list
  end
  --- Parts sets of options of experiments: those that apply to one, and all others.
  -- @tparam {Options,...} list what `of_experiment` gives
  -- @tparam boolean evaluates_nothing whether options of evaluation do not apply
  -- @tparam {string,...} names of further ones that do not
  -- @treturn {Options,...}
  -- @treturn Options the others; raises where a name is of none
  function cell_options.parted(list, evaluates_nothing, names)
    local unused, known, out, kept = {}, {}, {}, {}
    for _, name in ipairs(names) do
      unused[name] = true
    end
    local of_evaluation = evaluates_nothing and { metrics = true } or {}
    for _, setting in cmml.settings:each() do
      for _, set in ipairs(evaluates_nothing and { setting.evaluation_options,
        setting.experiment_options } or {}) do
        for declared in set:each() do
          of_evaluation[declared.name] = true
        end
      end
    end
    for i, set in ipairs(list) do
      local own = {}
      for declared in set:each() do
        local name = declared.name
        known[name] = true
        if unused[name] or of_evaluation[name] then
          own[#own + 1], out[#out + 1] = name, declared
        end
      end
      kept[i] = #own > 0 and set:without(own) or set
    end
    for _, name in ipairs(names) do
      if not known[name] then
        raise(("register_experiment: without: no experiment has an option %s; %s"):format(
          args.shown(name), args.suggest(name, args.keys(known))), 4)
      end
    end
    return kept, options.of("experiment", out)
  end

  options.later("experiment", function()
    return options.join("experiment", table.unpack(cell_options.of_experiment()))
  end)

  -- A function that gives the options of a search, which begin with a set of its own, in all
  -- settings that are registered by now.
  local function search_options(what, ...)
    local joined, count, own = nil, nil, { ... }
    local function all()
      local list = { pipeline.option_sets() } -- of every setting, too
      table.move(own, 1, #own, #list + 1, list)
      list[#list + 1] = of_training { "epochs", "patience" }
      list[#list + 1] = run
      if #list ~= count then
        joined, count = options.join(what, table.unpack(list)), #list
      end
      return joined
    end
    options.later(what, all)
    return all
  end

  -- The options of `tune`, and of `tune_kinds`.
  cell_options.of_tune = search_options("tune", tune)
  cell_options.of_tune_kinds = search_options("tune_kinds", kinds, tune:without {
    table.unpack(lists.of_one_kind) })

  --- The options of a cell that say what its data are and how they are split, with the defaults of
  -- the setting.
  -- @tparam Setting setting
  -- @tparam table opt of an experiment or of tune
  -- @tparam table protocol
  -- @treturn table
  function cell_options.of_data(setting, opt, protocol)
    local chosen = { protocol = protocol.name }
    for _, set in ipairs { data_set():without { "setting" }, setting.options } do
      for declared in set:each() do
        local value = opt[declared.name]
        if value == nil and not protocol["no_" .. declared.name] then
          value = setting.defaults[declared.name]
        end
        chosen[declared.name] = value
      end
    end
    return chosen
  end

  --- Completes and checks how cells are run.
  -- @tparam string where prefix of messages
  -- @tparam table opt
  -- @tparam boolean several whether data is a list of sources
  -- @tparam ?boolean made whether it runs without data, too
  function cell_options.check_running(where, opt, several, made)
    pipeline.source(where, opt)
    if opt.ratings then
      opt.data = several and { opt.ratings } or opt.ratings
    end
    if opt.processes == nil then
      opt.processes = opt.jobs > 1
    end
    if opt.out == "" then
      raise(where .. ": out must be the path of a folder, but is empty", 0)
    elseif opt.processes and not opt.out then
      raise(where .. ": processes need out, a folder for the results of their cells", 0)
    elseif not opt.data and not opt.quick and not made then
      raise(where .. ": option data is missing (or ratings, a file of your own, or quick, a short "
        .. "run on a small made world)", 0)
    end
  end

  return cell_options
end
