--- `cmml experiment`: tables of models over data sets, protocols and seeds.
--
-- @module cmml.cli.experiment
local child = require "cmml.experiment.child"
local common = require "cmml.cli.common"
local wrap = require("cmml.base.text").wrap

local experiment = {
  summary = "compare models over data sets and seeds in tables",
  words = 1,
}

local names = require("cmml").experiments
experiment.usage = ("cmml experiment NAME --data DIR [OPTIONS], where NAME is one of %s"):format(
  table.concat(names, ", "))

local own, seen = {}, {}
for _, name in ipairs(names) do
  for _, option in ipairs(require("cmml.experiment." .. name).options) do
    if not seen[option.name] then
      own[#own + 1], seen[option.name] = option, true
    end
  end
end

--- How cells are run, which `cmml tune` shares.
experiment.cell_options = {
  { name = "jobs", kind = "integer", arg = "N",
    help = "processes at a time [default: one a processor]" },
  common.modules_option,
  { name = "load", kind = "string", arg = "FILES",
    help = "Lua files that every process runs first, with commas, for the same purpose" },
  { name = "quiet", kind = "flag", help = "no progress" },
}

experiment.options = common.join({
  { name = "data", kind = "string", arg = "DIRS",
    help = "data folder; several with commas where an experiment compares data sets" },
  { name = "seeds", kind = "integer", arg = "N", default = 5,
    help = "runs of each model that learns, with seeds 1 to N" },
  { name = "out", kind = "string", arg = "DIR",
    help = "where the result of every cell, results.md, results.csv and pictures go; the same "
      .. "command goes on there [default: runs/NAME]" },
  { name = "budget", kind = "string", arg = "NAME", default = "default",
    help = "default, or published: the steps of the paper's code" },
  { name = "quick", kind = "flag",
    help = "a run of seconds, on a small made world if --data is missing" },
  { name = "epochs", kind = "integer", arg = "N", help = "passes at most, over the budget's" },
  { name = "patience", kind = "integer", arg = "N",
    help = "stop after so many epochs without improvement; 0: never; over the budget's" },
  { name = "batch", kind = "integer", arg = "N", help = "tasks a step, over the presets'" },
  { name = "lr", kind = "number", arg = "X", help = "learning rate, over the presets'" },
  { name = "draws", kind = "integer", arg = "N",
    help = "draws of support and query that a task is judged by, over the budget's" },
  { name = "valid", kind = "number", arg = "SHARE",
    help = "share of the training tasks that chooses the best epoch" },
  { name = "data-seed", kind = "integer", arg = "N", help = "seed of the split [default: 1]" },
  { name = "metrics", kind = "string", arg = "LIST",
    help = "metrics to show, with commas [default: those of the experiment]" },
  { name = "resamples", kind = "integer", arg = "N", default = 10000,
    help = "of the bootstrap behind the intervals" },
}, own, experiment.cell_options)

-- The command line again, so that the table can be made again.
local function command_of(name, values)
  local words = { "cmml experiment", name }
  for _, option in ipairs(experiment.options) do
    local value = values[option.name:gsub("-", "_")]
    if option.kind == "flag" and value and option.name ~= "quiet" then
      words[#words + 1] = "--" .. option.name
    elseif option.kind ~= "flag" and value ~= nil and value ~= option.default
      and option.name ~= "jobs" and option.name ~= "out" then
      value = tostring(value)
      words[#words + 1] = ("--%s %s"):format(option.name, value:find "[^%w%-_=.,/+:@]"
        and "'" .. value:gsub("'", "'\\''") .. "'" or value)
    end
  end
  return table.concat(words, " ")
end

--- What fails in a run, a line for each reason; "" if nothing did.
-- @tparam table failures list of {message, and of a cell: cell, reason, place}
-- @treturn string
function experiment.failed(failures)
  local lines, first, count = {}, {}, {}
  for _, failure in ipairs(failures) do
    local reason = failure.reason or failure.message
    if not first[reason] then
      lines[#lines + 1], first[reason] = reason, failure
    end
    count[reason] = (count[reason] or 0) + 1
  end
  for i, reason in ipairs(lines) do
    local failure = first[reason]
    lines[i] = count[reason] == 1 and failure.message or ("cell %s and %d more: %s%s"):format(
      failure.cell and failure.cell.name or "", count[reason] - 1, reason, failure.place or "")
  end
  return table.concat(lines, "\n")
end

--- The options of a run of cells: those of the command, processes, and what each takes in, this one
-- already.
-- @tparam table cmml the library
-- @tparam table values options of the command
-- @treturn table jobs, processes, modules, load, quiet, and the others as they are
function experiment.cell_values(cmml, values)
  local modules = common.list_of(values.modules or "")
  local load = common.list_of(values.load or "")
  child.load(modules, load)
  local given = { jobs = values.jobs or cmml.core.processors(), processes = true,
    modules = modules, load = load, quiet = values.quiet or false }
  for key, value in pairs(values) do
    if type(key) == "string" and given[key] == nil then
      given[key] = value
    end
  end
  return given
end

--- Runs the command.
-- @tparam table cmml the library
-- @tparam table values options
-- @treturn ?true
-- @treturn ?string message
function experiment.run(cmml, values)
  local name = values[1]
  if not name then
    return nil, "which one? " .. table.concat(names, ", ")
  elseif not values.data and not values.quick then
    return nil, "--data DIRS is missing (or --quick: a run of seconds on a small made world)"
  end
  local given = experiment.cell_values(cmml, values)
  given.out = values.out or "runs/" .. name
  local result = cmml.experiment(name, given)
  print(("    %s\n\n%s"):format(command_of(name, values), result.text))
  if not values.quiet then
    local files = {}
    for i, path in ipairs(result.files) do
      files[i] = path:sub(#given.out + 2)
    end
    io.stderr:write(wrap(("written to %s: %s"):format(given.out, table.concat(files, ", ")), 2, 79),
      "\n")
  end
  if #result.failures > 0 then
    return nil, ("%d failures; finished cells are kept, and the same command goes on\n%s"):format(
      #result.failures, experiment.failed(result.failures))
  end
  return true
end

return experiment
