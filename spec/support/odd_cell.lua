--- A cell for specs: what it does stands in its settings.
local cmml = require "cmml"

local odd_cell = {}

--- Computes a cell: fails, ends the process, waits, tells texts, or gives its value for three
-- tasks, or in its place how many states of running cells there are in the folder `counts`. It adds
-- a line to the file `count`, so that specs see how often it ran.
function odd_cell.run(_, settings, tell)
  local file = assert(io.open(settings.count, "a"))
  file:write(settings.name, "\n")
  file:close()
  if settings.fails then
    error(settings.fails, 0)
  elseif settings.exits then
    os.exit(settings.exits)
  elseif settings.waits then
    cmml.core.sleep(settings.waits)
  end
  local value = settings.value or 1
  if settings.counts then
    local pipe = assert(io.popen("ls " .. settings.counts))
    value = select(2, pipe:read "a":gsub("%.state", ""))
    pipe:close()
  end
  for _, text in ipairs(settings.tells or {}) do
    tell(text)
    cmml.core.sleep(0.7)
  end
  return { metrics = { score = { value, 2, 0 / 0 } } }
end

--- Runs two cells, the second of which takes long, in a process that is to be killed.
-- @tparam string folder
function odd_cell.start(folder)
  local cells = require "cmml.experiment.cells"
  local list = {}
  for i = 1, 2 do
    list[i] = odd_cell.cell(folder, "cell " .. i, { waits = i == 2 and 60 or nil })
  end
  cells.run(cmml, list, { folder = folder, run = { "spec.support.odd_cell", "run" }, quiet = true })
end

--- A cell.
-- @tparam string folder where its count goes
-- @tparam string name
-- @tparam[opt] table changes settings
-- @treturn table
function odd_cell.cell(folder, name, changes)
  local settings = { name = name, count = folder .. "/count" }
  for key, value in pairs(changes or {}) do
    settings[key] = value
  end
  return { name = name, settings = settings }
end

return odd_cell
