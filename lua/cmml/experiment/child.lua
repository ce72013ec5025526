--- What the process of a cell runs.
--
-- @module cmml.experiment.child
local cells = require "cmml.experiment.cells"

local child = {}

-- What ends a script that was loaded for the components that it registers.
local done = setmetatable({}, { __tostring = function()
  return "the script has come to its experiment"
end })

--- Whether this process is that of a cell: then a call of `cmml.experiment` or `cmml.tune` in a
-- script that it loads goes no further.
child.active = false

--- Ends the script that is being loaded.
function child.stop_script()
  error(done, 0)
end

-- Runs a script up to its experiment.
local function load_script(path)
  local script, message = loadfile(path)
  if not script then
    error(("cannot load %s: %s"):format(path, message), 0)
  end
  local ok, problem = xpcall(script, function(problem)
    return problem == done and problem or debug.traceback(problem)
  end, table.unpack(arg or {}))
  if not ok and problem ~= done then
    error(("%s: %s"):format(path, tostring(problem)), 0)
  end
end

--- Takes in modules and scripts, for the components that they register. A script is run up to its
-- call of `cmml.experiment` or `cmml.tune`.
-- @tparam {string,...} modules
-- @tparam {string,...} scripts paths
function child.load(modules, scripts)
  child.active = true
  for _, name in ipairs(modules) do
    require(name)
  end
  for _, path in ipairs(scripts) do
    load_script(path)
  end
  child.active = false
end

-- A file that was edited while a run goes on must not enter under the name of what it was.
local function check_code(cmml, job)
  local code = cells.code(cmml.core, job.modules, job.load) or {}
  if table.concat(code, " ") ~= table.concat(job.settings.code or {}, " ") then
    error("a file of load or modules has changed since the run began: start it again", 0)
  end
end

local function run(cmml, job)
  check_code(cmml, job)
  child.load(job.modules, job.load)
  return cells.compute(cmml, job)
end

-- What the process says before it ends: the last thing in its log, or on a full disk nothing.
local function say(problem)
  io.stderr:write("cmml: ", tostring(problem), "\n")
end

--- Computes the cell of a job and ends the process: exit code 0 if its result was written, 1 if it
-- was not computed, 3 if it could not be written.
-- @tparam string text the job, as JSON
function child.main(text)
  local cmml = require "cmml"
  local job = assert(cmml.core.json_decode(text, "the job"))
  local ok, problem = cmml.core.follow_process(job.parent)
  local code = ok and 0 or 1
  if ok then
    local result
    arg = table.move(job.arg, 1, #job.arg, 1, { [0] = job.load[1] }) -- luacheck: ignore 111 121
    ok, result, problem = xpcall(run, debug.traceback, cmml, job)
    code = not ok and 1 or not result and 3 or 0
    problem = not ok and result or problem
  end
  if code ~= 0 then
    say(problem)
  end
  os.exit(code, true)
end

return child
