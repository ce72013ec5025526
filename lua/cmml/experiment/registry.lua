--- Experiments by name: those of the paper lie in the folder named/ beside this file, and a file of
-- a user's own registers others in the same way.
--
-- An experiment compares rows: recommenders of any kind, preset and options, over the data and
-- protocols of a setting. What is more than a table of evaluations has functions of its own.
--
-- @module cmml
local args = require "cmml.base.args"
local budgets = require("cmml.settings.experiment_options").budgets
local computations = require "cmml.experiment.computations"
local options = require "cmml.base.options"
local registry = require "cmml.base.registry"
local raise = args.error

local fields = { evaluates = "boolean", without = "table", name = "string",
  summary = "string", settings = "table", protocols = "table",
  options = "table", defaults = "table", made = "boolean", budget = "string",
  rows = "table string function",
  plan = "function", cell = "function", finish = "function" }

return function(cmml, use)
  local sets = use "experiment.cell_options"
  local experiments = registry.new("experiment", "register_experiment")

  --- Experiments by name: a registry with get, find, names and each; an experiment has the fields
  -- of its declaration, known(), its options, and unused(), those of others that do not apply.
  cmml.experiments = experiments

  local function check_fields(declaration)
    if type(declaration) ~= "table" then
      raise("register_experiment: a table was expected, not " .. args.describe(declaration), 3)
    end
    local where = "register_experiment: " .. tostring(declaration.name)
    args.fields(where, declaration, fields, { "name", "summary" }, 4)
    if (declaration.rows == nil) == (declaration.plan == nil) then
      raise(where .. ": rows (what is compared) are missing, or in their place a function plan "
        .. "with a function cell", 3)
    elseif declaration.plan and not declaration.cell then
      raise(where .. ": plan needs cell, the function that computes its cells", 3)
    end
    args.texts(where .. ": settings", declaration.settings or {}, 4)
    args.texts(where .. ": without", declaration.without or {}, 4)
    if declaration.budget then
      args.one_of(where .. ": budget", declaration.budget, budgets, 4)
    end
    for _, name in ipairs(declaration.settings or {}) do
      cmml.settings:find(where .. ": settings", name, 4)
    end
    return where
  end

  -- The default protocols, by setting, are protocols.
  local function check_protocols(where, declaration)
    for name, protocols in pairs(declaration.protocols or {}) do
      local setting = cmml.settings:find(where .. ": protocols", name, 4)
      args.expect(("%s: protocols: %s"):format(where, name), protocols, "table", 4)
      args.texts(("%s: protocols: %s"):format(where, name), protocols, 4)
      for _, protocol in ipairs(protocols) do
        setting:protocol(where, protocol)
      end
    end
  end

  --- Registers an experiment, which `cmml.experiment`, the command line and its help then know by
  -- its name. What is declared wrongly is refused here.
  -- @tparam table declaration name; summary (for help); settings (names of those it is for;
  -- default: all); defaults (options that are taken where nothing is said, by name); protocols (by
  -- setting the names of those that it runs under; default: the setting's first); budget (how long
  -- models are trained where nothing is said; default: "default"); made (true: where no data are
  -- named, it runs on what its plan makes); options
  -- (declarations of its own, see base/option.lua); rows (what is compared: a list of rows, a table
  -- {rows, reference, references}, or a function(cmml, setting, opt) that gives one, see
  -- experiment/rows.lua); evaluates (false: its cells evaluate no recommenders, so that options of
  -- evaluation do not apply); without (names of further options of every experiment that do not);
  -- cell (a function(settings, tell) that computes a cell in another way than
  -- by evaluating a recommender); with it plan, a function(setting, opt) that gives tables and
  -- cells (see experiment/summary.lua) in place of rows; finish (function(plan, results, opt) that
  -- gives more text, and optionally more files, a list of {name, text}, and tables (see
  -- base/tables.lua), of which the first has the rows of the result where the plan has no tables)
  function cmml.register_experiment(declaration)
    local where = check_fields(declaration)
    check_protocols(where, declaration)
    local entry = {}
    for key, value in pairs(declaration) do
      entry[key] = value
    end
    local own = options.declare(("experiment %s (its own)"):format(entry.name), entry.options or {})
    local joined, count, unused = nil, nil, nil
    local function read_sets()
      local list = sets.of_experiment(entry.settings)
      if #list ~= count then -- a setting was declared since
        count = #list
        list, unused = sets.parted(list, entry.evaluates == false, entry.without or {})
        list[#list + 1] = own
        joined = options.join("experiment " .. entry.name, table.unpack(list))
      end
    end
    function entry.known()
      read_sets()
      return joined
    end
    function entry.unused()
      read_sets()
      return unused
    end
    entry.options = own
    entry.known():names() -- raises where an option is another one's
    experiments:add(entry.name, entry)
    if entry.cell then
      computations.add(cmml, entry.name, entry.cell)
    end
  end

  return experiments
end
