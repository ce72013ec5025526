--- What the commands share that run cells: experiments and tuning.
--
-- @module cmml
local child = require "cmml.experiment.child"
local shared = require "cmml.cli.shared_options"

local options = require "cmml.base.options"

return function(cmml, use)
  local join = use "cli.command".join
  local cells = {}

  -- What differs from Lua: results are always kept, and all processors compute.
  local declared = options.declare("cmml experiment and tune", {
    { name = "out", kind = "string", arg = "DIR", group = "running", short = true,
      default_text = "runs/NAME, of tune runs/tune", help = "folder for the result of every cell, "
        .. "tables and pictures; the same command goes on there" },
    { name = "jobs", kind = "integer", from = 1, to = 1000, group = "running", short = true,
      default_text = "one a processor", help = "number of processes at a time" },
    shared.quiet,
  })

  --- The options of a command line over those of a function in Lua.
  -- @tparam {Options,...} sets
  -- @treturn Options
  function cells.known(sets)
    local all = join { declared, table.unpack(sets) }
    return all:without { "modules" }
  end

  --- The options of a run: those that were given, and what its processes take in; this one takes
  -- it in already.
  -- @tparam table values of the command
  -- @tparam ?boolean made whether it runs without data, too
  -- @treturn ?table jobs, processes, modules, load, quiet, and the others as they are; nil where
  -- there are no data
  -- @treturn ?string message
  function cells.options(values, made)
    if not made and not values.data and not values.ratings and not values.quick then
      return nil, "--data DIR is missing (or --ratings FILE of your own, or --quick: a run of "
        .. "seconds on a small made world)"
    end
    child.load(values.modules or {}, values.load or {})
    local given = { jobs = values.jobs or cmml.core.processors(), processes = true,
      modules = values.modules, load = values.load, quiet = values.quiet }
    for key, value in pairs(values) do
      if type(key) == "string" and given[key] == nil then
        given[key] = value
      end
    end
    return given
  end

  --- What fails in a run, a line for each reason; "" if nothing did.
  -- @tparam table failures list of {message, and of a cell: cell, reason, place}
  -- @treturn string
  function cells.failed(failures)
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

  return cells
end
