--- `cmml experiment`: tables of models over data sets, protocols and seeds.
--
-- @module cmml
local options = require "cmml.base.options"
local output = require "cmml.base.output"
local shared = require "cmml.cli.shared_options"
local text = require "cmml.base.text"

return function(cmml, use)
  local cells = use "cli.cells"
  local results = use "cli.results"
  use "cli.command"

  -- The experiment that words name; nil if none does.
  local function named(words)
    for _, word in ipairs(words) do
      if cmml.experiments:get(word) then
        return cmml.experiments:get(word)
      end
    end
  end

  local format = options.of("cmml experiment", { options.changed(shared.format, { group = "running",
    short = false, default_text = "text", help = "what is printed: text for people; csv and json "
      .. "with all numbers at full precision, as results.json in the folder has them" }) })

  -- The options of the experiment that is named, else of all, of which none is required.
  local function known(words)
    local experiment, all = named(words), {}
    if experiment then -- what does not apply is understood, and refused with a reason
      local own = cells.known { format, experiment.known() }
      return cells.known { format, experiment.known(), experiment.unused() }, { own }
    end
    for _, each in cmml.experiments:each() do
      for declared in each.known():each() do
        all[#all + 1] = options.changed(declared, { required = false })
      end
    end
    return cells.known { format, options.of("cmml experiment", all) }
  end

  -- The command line again, so that the table can be made again.
  local function command_of(name, values)
    local words = { "cmml experiment", name }
    if values.modules then
      words[3] = "--modules " .. table.concat(values.modules, ",")
    end
    for option in known({ name }):each() do
      local key = option.name
      local value, dashed = rawget(values, key), key:gsub("_", "-")
      if value ~= nil and value ~= option.default and key ~= "quiet" and key ~= "jobs"
        and key ~= "out" and key ~= "format" then
        local given = text.plain(value)
        words[#words + 1] = value == true and "--" .. dashed
          or ("--%s%s%s"):format(dashed, value == false and "=" or " ", given:find
            "[^0-9A-Za-z%-_=.,/+:@]" and "'" .. given:gsub("'", "'\\''") .. "'" or given)
      end
    end
    return table.concat(words, " ")
  end

  local function run(values)
    local name = values[1]
    if not name then
      return nil, "which one? " .. table.concat(cmml.experiments:names(), ", ")
    end
    local entry = cmml.experiments:find("experiment", name, 0)
    local given, message = cells.options(values, entry.made)
    if not given then
      return nil, message
    end
    given[1], given.format, given.out = nil, nil, values.out or "runs/" .. name
    local result = cmml.experiment(name, given)
    local document = result.document
    document.text = function()
      return ("    %s\n\n%s"):format(command_of(name, values), result.narrow)
    end
    results.write({ format = values.format }, document)
    if not values.quiet then
      local files = {}
      for i, path in ipairs(result.files) do
        files[i] = path:sub(#given.out + 2)
      end
      output.tell(text.wrap(("written to %s: %s"):format(given.out,
        table.concat(files, ", ")), 2, 79))
    end
    if #result.failures > 0 then
      return nil, ("%d failure%s; finished cells are kept, and the same command goes on\n%s")
        :format(#result.failures, #result.failures == 1 and "" or "s",
          cells.failed(result.failures))
    end
    return true
  end

  cmml.command {
    name = "experiment", summary = "compare models over data sets and seeds in tables", words = 1,
    usage = "cmml experiment NAME --data DIR [OPTIONS]", options = known, run = run,
    resumes = "finished cells are kept, and the same command goes on",
    lists = function(words)
      local list, experiment = {}, named(words)
      for _, name in ipairs(experiment and { experiment.name } or cmml.experiments:names()) do
        list[#list + 1] = { name, cmml.experiments:get(name).summary }
      end
      return { { "experiments", list } }
    end,
    examples = { "cmml experiment users --data ml-1m --seeds 3",
      "cmml experiment compare --data ml-1m --rows mine.lua" },
  }
end
