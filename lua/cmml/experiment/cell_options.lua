--- The options of experiments and of tuning: how cells are run, what they are evaluated by, and
-- what the data are.
--
-- @module cmml
local args = require "cmml.base.args"
local options = require "cmml.base.options"
local raise = args.error

-- How cells are run.
local running = {
  { name = "out", kind = "string", arg = "DIR", group = "running", short = true, tunable = false,
    help = "folder of the results: those of finished cells are used again" },
  { name = "jobs", kind = "integer", default = 1, from = 1, to = 1000, unit = "processes",
    group = "running", short = true, tunable = false,
    help = "number of cells computed at a time; with 1 in this process" },
  { name = "processes", kind = "boolean", group = "running", line = false, tunable = false,
    help = "whether each cell runs in a process of its own",
    default_text = "true where jobs is above 1" },
  { name = "modules", list = "string", default = {}, may_be_empty = true, group = "running",
    tunable = false,
    help = "modules that every process requires first, for kinds and components of one's own" },
  { name = "load", list = "string", default = {}, may_be_empty = true, arg = "FILES",
    group = "running", tunable = false,
    help = "Lua files that every process runs first, for kinds and components of one's own" },
  { name = "quiet", kind = "boolean", default = true, group = "running", tunable = false,
    help = "no progress and no estimate of the time on standard error" },
}

-- What experiments compare, and by what.
local compared = {
  { name = "data", list = "string", arg = "DIRS", group = "data", short = true, tunable = false,
    help = "data folders, or their names in data/; several of scenarios with + between them are "
      .. "one data set" },
  { name = "protocol", list = "string", group = "data", short = true, tunable = false,
    help = "how tasks are split", default_text = "the experiment's, else the setting's first" },
  { name = "seeds", kind = "integer", default = 5, from = 1, to = 1000, group = "training",
    short = true, tunable = false,
    help = "number of runs of each model that learns by gradient, with seeds 1, 2, .." },
  { name = "budget", kind = "string", choices = { "default", "published" }, default = "default",
    group = "training", tunable = false,
    help = "how long published presets are trained: as long as helps, or as published" },
  { name = "draws", kind = "integer", from = 1, to = 1000, unit = "draws", group = "evaluation",
    tunable = false, help = "number of random support/query draws per task; scores are averaged",
    default_text = "the setting's" },
  { name = "metrics", list = "string", group = "evaluation", short = true, tunable = false,
    help = "metrics to show, such as recall@10", default_text = "those of the setting" },
  { name = "resamples", kind = "integer", default = 10000, from = 1, to = 1000000,
    group = "evaluation", tunable = false,
    help = "number of bootstrap resamples behind the intervals" },
}

-- What tuning searches, and how.
local tuned = {
  { name = "space", kind = { "string", "table" }, required = true, arg = "SPACE", group = "search",
    short = true, tunable = false,
    help = "name=values with commas between them, or a .lua or .json file of the same; values are "
      .. "a range, log:LOW:HIGH, lin:LOW:HIGH or int:LOW:HIGH, or a choice, 8|16|32; names are "
      .. "options of the model and of its training" },
  { name = "model", kind = "string", arg = "KIND", group = "search", short = true, tunable = false,
    help = "kind of recommender", default_text = "cmml" },
  { name = "preset", kind = "string", arg = "NAME", group = "search", short = true, tunable = false,
    help = "preset that the trials change", default_text = "the kind's default" },
  { name = "trials", kind = "integer", default = 20, from = 1, to = 100000, group = "search",
    short = true, tunable = false, help = "number of trials" },
  { name = "seed", kind = "integer", default = 1, from = 0, group = "search", tunable = false,
    help = "seed of the search" },
  { name = "train_seed", kind = "integer", default = 1, from = 0, group = "search", tunable = false,
    help = "seed of every training" },
  { name = "best", kind = "integer", default = 10, from = 1, group = "search", tunable = false,
    help = "number of trials to show" },
}

return function(cmml, use)
  local pipeline = use "pipeline.data"
  local training = use("train.options").known
  local cell_options = {}

  local run = options.declare("experiment and tune (running cells)", running)
  local compare = options.declare("experiment (every one)", compared)
  local tune = options.declare("tune (the search)", tuned)

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
    list[#list + 1] = training:only { "epochs", "patience", "batch", "lr" }
    list[#list + 1] = run
    return list
  end
  options.later("experiment", function()
    return options.join("experiment", table.unpack(cell_options.of_experiment()))
  end)

  local joined, count = nil, nil

  --- The options of `tune`.
  -- @treturn Options
  function cell_options.of_tune()
    local list = { tune, pipeline.option_sets() }
    list[#list + 1] = training:only { "epochs", "patience" }
    list[#list + 1] = run
    if #list ~= count then
      joined, count = options.join("tune", table.unpack(list)), #list
    end
    return joined
  end
  options.later("tune", cell_options.of_tune)

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
        if value == nil then
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
  function cell_options.check_running(where, opt)
    if opt.processes == nil then
      opt.processes = opt.jobs > 1
    end
    if opt.out == "" then
      raise(where .. ": out must be the path of a folder, but is empty", 0)
    elseif opt.processes and not opt.out then
      raise(where .. ": processes need out, a folder for the results of their cells", 0)
    elseif not opt.data and not opt.quick then
      raise(where .. ": option data is missing (or quick, a short run on a small made world)", 0)
    end
  end

  return cell_options
end
