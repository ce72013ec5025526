--- `cmml tune`: random search over settings on validation tasks.
--
-- @module cmml.cli.tune
local common = require "cmml.cli.common"
local experiment = require "cmml.cli.experiment"

local tune = {
  summary = "search settings of a model at random, on validation tasks alone",
  usage = "cmml tune --data DIR --space SPACE --out DIR [OPTIONS]",
}

tune.options = common.join({
  { name = "data", kind = "string", arg = "DIR", help = "data folder" },
  { name = "space", kind = "string", arg = "SPACE", required = true,
    help = "name=values with commas between them, or a .lua or .json file of the same; values are "
      .. "a range, log:LOW:HIGH, lin:LOW:HIGH or int:LOW:HIGH, or a choice, 8|16|32; names are "
      .. "options of the network and of its training" },
  { name = "setting", kind = "string", arg = "NAME",
    help = "user (ratings) or scenario (groups of items) [default: user for ratings.dat, otherwise "
      .. "scenario]" },
  { name = "trials", kind = "integer", arg = "N", default = 20, help = "settings to try" },
  { name = "out", kind = "string", arg = "DIR",
    help = "where trials, trials.md and best.json go, which cmml train --settings takes; the same "
      .. "command goes on there, also with more trials [default: runs/tune]" },
  { name = "preset", kind = "string", arg = "NAME",
    help = "what the settings change [default: published-code, or published-code/scenario]" },
  { name = "seed", kind = "integer", arg = "N", default = 1, help = "seed of the search" },
  { name = "train-seed", kind = "integer", arg = "N", default = 1,
    help = "seed of every training" },
  { name = "protocol", kind = "string", arg = "NAME",
    help = "user setting: see cmml train; scenario setting: no-leak or published [default: full or "
      .. "no-leak]" },
  { name = "epochs", kind = "integer", arg = "N",
    help = "passes at most [default: the preset's, or 30]" },
  { name = "patience", kind = "integer", arg = "N",
    help = "stop after so many epochs without improvement; 0: never [default: the preset's, "
      .. "0 where it has epochs of its own, or 5]" },
  { name = "valid", kind = "number", arg = "SHARE",
    help = "share of the training tasks that judges [default: 0.05 of the users]" },
  { name = "data-seed", kind = "integer", arg = "N", help = "seed of the split [default: 1]" },
  { name = "best", kind = "integer", arg = "N", default = 10, help = "trials to show" },
  { name = "quick", kind = "flag", help = "on a small made world, if --data is missing" },
}, experiment.cell_options)

--- Runs the command.
-- @tparam table cmml the library
-- @tparam table values options
-- @treturn ?true
-- @treturn ?string message
function tune.run(cmml, values)
  if not values.data and not values.quick then
    return nil, "--data DIR is missing (or --quick: on a small made world)"
  end
  local given = experiment.cell_values(cmml, values)
  given.out = values.out or "runs/tune"
  local result = cmml.tune(given)
  if #result.trials > 0 then
    print(result.text)
  end
  local ok, message = cmml.core.write_file(given.out .. "/trials.md", result.text .. "\n")
  if not ok then
    return nil, message
  elseif #result.failures > 0 then
    return nil, ("%d of the trials failed; the others are kept, and the same command goes on\n%s")
      :format(#result.failures, experiment.failed(result.failures))
  elseif not result.trials[1] or not result.trials[1].value then
    return nil, "every trial diverged: lower the learning rates of the space"
  end
  print(("\nbest settings: %s/best.json (cmml train --settings)"):format(given.out))
  return true
end

return tune
