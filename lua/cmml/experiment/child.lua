--- What the process of a cell runs, and how it and its parent take in files of one's own.
--
-- @module cmml.experiment.child
local cells = require "cmml.experiment.cells"
local output = require "cmml.base.output"

local child = {}

-- What ends a script that was loaded for the components that it registers.
local done = setmetatable({}, { __tostring = function()
  return "the script has come to its experiment"
end })

--- Whether this process is loading a script: then a call of `cmml.experiment` or `cmml.tune` in it
-- goes no further.
child.active = false

--- Ends the script that is being loaded.
function child.stop_script()
  error(done, 0)
end

local read = {} -- what scripts returned, by path and contents

--- Runs a script up to its experiment, but never twice with the same contents: what it registers
-- would be there already.
-- @tparam string path
-- @return what it returned
-- @treturn ?string message instead, if it is wrong
function child.read(path)
  local file, message = io.open(path, "rb")
  local text = file and file:read "a"
  if file then
    file:close()
  end
  if not text then
    return nil, "cannot load " .. (message or path)
  end
  local key = path .. "\n" .. text
  if read[key] then
    return read[key].value
  end
  local script
  script, message = loadfile(path)
  if not script then
    return nil, ("cannot load %s: %s"):format(path, message)
  end
  local was = child.active
  child.active = true
  local ok, value = xpcall(script, function(problem)
    return problem == done and problem or debug.traceback(problem)
  end, table.unpack(arg or {}))
  child.active = was
  if not ok and value ~= done then
    return nil, ("%s: %s"):format(path, tostring(value))
  end
  read[key] = { value = ok and value or nil }
  return read[key].value
end

--- Takes in modules and scripts, for what they register. A script is run up to its call of
-- `cmml.experiment` or `cmml.tune`.
-- @tparam {string,...} modules
-- @tparam {string,...} scripts paths
function child.load(modules, scripts)
  local was = child.active
  child.active = true
  for _, name in ipairs(modules) do
    require(name)
  end
  child.active = was
  for _, path in ipairs(scripts) do
    local _, message = child.read(path)
    if message then
      error(message, 0)
    end
  end
end

-- A file that was edited during a run must not count as what it was when the run began.
local function check_code(cmml, job)
  local code = cells.code(cmml.core, job.modules, job.load) or {}
  if table.concat(code, " ") ~= table.concat(job.settings.code or {}, " ") then
    error("a file of load or modules has changed since the run began: start it again", 0)
  end
end

-- Tells the parent how far the cell is, a few times a second at most.
local function teller(core, path)
  local last = -1
  return function(text)
    local now = core.clock()
    if path and now - last >= 0.3 then
      last = now
      local file = io.open(path, "wb")
      if file then
        file:write(text)
        file:close()
      end
    end
  end
end

local function run(cmml, job)
  check_code(cmml, job)
  child.load(job.modules, job.load)
  return cells.compute(cmml, job, teller(cmml.core, job.state))
end

-- What the process says before it ends: the last thing in its log, or on a full disk nothing.
local function say(problem)
  output.tell("cmml: " .. tostring(problem))
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
