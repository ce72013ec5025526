--- `cmml tune`: random search over settings on validation tasks.
--
-- @module cmml
local of_one_kind = require("cmml.settings.experiment_options").of_one_kind
local options = require "cmml.base.options"
local output = require "cmml.base.output"

return function(cmml, use)
  local cell_options = use "experiment.cell_options"
  local cells = use "cli.cells"
  use "cli.command"

  -- Options of one kind, and of several.
  local function known()
    return cells.known { cell_options.of_tune(), options.of("cmml tune", {
      options.changed(cell_options.of_tune_kinds():find "kinds", { required = false,
        default_text = "one, that of --model" }) }) }
  end

  -- Tunes several kinds.
  local function tune_kinds(given)
    for _, name in ipairs(of_one_kind) do
      if given[name] ~= nil then
        return nil, ("--%s is for one kind, and does not go with --kinds"):format(name)
      end
    end
    local result = cmml.tune_kinds(given)
    output.print(result.narrow)
    local ok, message = cmml.core.mkdir(given.out) -- there is none yet where every kind failed
    if ok then
      ok, message = cmml.core.write_file(given.out .. "/kinds.md", result.text .. "\n")
    end
    if ok and #result.failures > 0 then
      return nil, ("%d failure%s; finished trials are kept, and the same command goes on\n%s")
        :format(#result.failures, #result.failures == 1 and "" or "s",
          cells.failed(result.failures))
    end
    return ok, message
  end

  local function run(values)
    local given, message = cells.options(values)
    if not given then
      return nil, message
    end
    given.out = values.out or "runs/tune"
    if given.kinds then
      return tune_kinds(given)
    end
    local result = cmml.tune(given)
    if #result.trials > 0 then
      output.print(result.narrow)
    end
    local ok
    ok, message = cmml.core.write_file(given.out .. "/trials.md", result.text .. "\n")
    if not ok then
      return nil, message
    elseif #result.failures > 0 then
      return nil, ("%d of the trials failed; the others are kept, and the same command goes on\n%s")
        :format(#result.failures, cells.failed(result.failures))
    elseif not result.trials[1] or not result.trials[1].value then
      return nil, "every trial diverged: lower the learning rates of the space"
    end
    output.print(("\nbest settings: %s/best.json (cmml train --settings)"):format(given.out))
    return true
  end

  cmml.command {
    name = "tune", summary = "search settings of a model at random, on validation tasks alone",
    usage = "cmml tune --data DIR [--space SPACE] [OPTIONS]", options = known, run = run,
    resumes = "finished trials are kept, and the same command goes on",
    examples = { "cmml tune --data ml-1m --space lr=log:1e-4:1e-2,width=8|16|32",
      "cmml tune --data ml-1m --protocol capped --kinds all --keep tuned.lua" },
  }
end
