--- Cells: the pieces that experiments and tuning are made of. A cell is a table of settings (plain
-- data, which alone decide the result) and gives a result (plain data). Each runs in a process of
-- its own and leaves its result in a file of its own, which is used again by every later run that
-- asks for the same settings: what was finished is never computed twice, and never lost.
--
-- @module cmml.experiment.cells
local args = require "cmml.base.args"
local json = require "cmml.base.json"
local pool = require "cmml.experiment.pool"
local progress = require "cmml.base.progress"

local cells = {}

-- JSON has no numbers that are none.
local function to_plain(value)
  if type(value) == "table" then
    local copy = {}
    for key, inner in pairs(value) do
      copy[key] = to_plain(inner)
    end
    return copy
  elseif type(value) == "number" and value - value ~= 0 then
    return value ~= value and "nan" or value > 0 and "inf" or "-inf"
  end
  return value
end

local numbers = { nan = 0 / 0, inf = math.huge, ["-inf"] = -math.huge }

local function from_plain(value)
  if type(value) == "table" then
    for key, inner in pairs(value) do
      value[key] = from_plain(inner)
    end
    return value
  end
  return numbers[value] or value
end

-- FNV-1a in 64 bits, as text: tells files of other settings apart.
local function digest(text)
  local h = 0xcbf29ce484222325
  for i = 1, #text do
    h = (h ~ text:byte(i)) * 0x100000001b3
  end
  return ("%016x"):format(h)
end
cells.digest = digest

--- What a file holds, short: "" where it cannot be read.
-- @tparam table core
-- @tparam string path
-- @treturn string
function cells.file_digest(core, path)
  local text = core.read_file(path)
  return text and digest(text) or ""
end

--- What tells the code that a process takes in first from other code: a digest of each file, in
-- order. Files that these take in themselves are not looked at.
-- @tparam table core
-- @tparam {string,...} modules
-- @tparam {string,...} scripts paths
-- @treturn ?{string,...} nil if there are none
function cells.code(core, modules, scripts)
  local code = {}
  for i, name in ipairs(modules) do
    local path = package.searchpath(name, package.path) or package.searchpath(name, package.cpath)
    code[i] = path and cells.file_digest(core, path) or ""
  end
  for _, path in ipairs(scripts) do
    code[#code + 1] = cells.file_digest(core, path)
  end
  return #code > 0 and code or nil
end

-- Where the result of a cell stands: its name for people, and what tells its settings from others.
local function path_of(folder, cell)
  local name = cell.name:gsub("[^%w%.@+]+", "-")
  return ("%s/cells/%s-%s"):format(folder, name, digest(json.encode(to_plain(cell.settings))))
end

--- The result of a cell that was finished before.
-- @tparam table core
-- @tparam string folder
-- @tparam table cell {name, settings}
-- @treturn ?table nil if there is none of the same settings
function cells.load(core, folder, cell)
  local path = path_of(folder, cell) .. ".json"
  if not core.exists(path) then
    return nil
  end
  local text = core.read_file(path)
  local found = text and core.json_decode(text, path)
  if type(found) ~= "table" or type(found.result) ~= "table" or type(found.settings) ~= "table"
    or json.encode(found.settings) ~= json.encode(to_plain(cell.settings)) then
    return nil
  end
  return from_plain(found.result)
end

--- Computes a cell and writes its result.
-- @tparam table cmml the library
-- @tparam table job run {module, function of (cmml, settings)}, settings, path
-- @treturn ?table the result
-- @treturn ?string message if it could not be written
function cells.compute(cmml, job)
  local began = cmml.core.clock()
  local result = require(job.run[1])[job.run[2]](cmml, job.settings)
  result.seconds = cmml.core.clock() - began
  if not job.path then
    return result
  end
  local ok, message = cmml.core.write_file(job.path, json.encode { settings = to_plain(
    job.settings), result = to_plain(result) } .. "\n")
  return ok and result or nil, message
end

-- The line that says how far a run is.
local function state_line(core, state)
  local names = {}
  for job in pairs(state.running) do
    names[#names + 1] = job.cell.name
  end
  table.sort(names)
  local left = ""
  if state.computed > 0 then
    local each = (core.clock() - state.began) / state.computed
    left = ("  %s left"):format(progress.duration(each * (state.total - state.done)))
  end
  return ("%d/%d cells%s  running: %s"):format(state.done, state.total, left,
    #names > 0 and table.concat(names, ", ") or "none")
end

-- Shows progress: one line that renews itself on a terminal, a line for each cell elsewhere.
local function display(core, state, quiet)
  local columns, last_shown = not quiet and core.terminal "stderr", -1
  return function(line)
    if quiet then
      return
    elseif line then
      io.stderr:write(columns and "\r\27[K" or "", line, "\n")
      last_shown = -1
    end
    local now = core.clock()
    if columns and now - last_shown >= 0.2 then
      last_shown = now
      io.stderr:write("\r", state_line(core, state):sub(1, columns - 1), "\27[K")
    end
  end
end

local function check(ok, message)
  if not ok then
    error(message, 0)
  end
end

-- Runs the jobs in this process, one after the other.
local function run_here(cmml, jobs, calls)
  for _, job in ipairs(jobs) do
    calls.start(job)
    local ok, result, message = pcall(args.call, cells.compute, cmml, job)
    if not ok and tostring(result):find("interrupted!", 1, true) then
      error(result, 0)
    elseif not ok then
      message = tostring(result)
    end
    calls.finish(job, not (ok and result) and message or nil, ok and result or nil)
  end
end

-- What it takes to compute a cell.
local function job_of(core, cell, opt)
  local path = opt.folder and path_of(opt.folder, cell)
  local job = { cell = cell, run = opt.run, settings = to_plain(cell.settings),
    path = path and path .. ".json", log = path and path .. ".log" }
  job.text = json.encode { run = opt.run, settings = job.settings, path = job.path,
    modules = opt.modules, load = opt.load, arg = opt.arg, parent = core.process_id() }
  return job
end

--- Runs cells, except those that are finished already. What modules and load hold becomes part of
-- the settings of each, as `code`: with other code it is another cell.
-- @tparam table cmml the library
-- @tparam table list of {name, settings}
-- @tparam table options folder, run {module, function}, jobs (processes at a time), processes
-- (false: all in this process), modules and load (what every process has to know first), quiet
-- @treturn table results by cell
-- @treturn table failures: list of {cell, message; reason and place (of its log), which it is of}
function cells.run(cmml, list, options)
  local core = cmml.core
  local opt = args.check("experiment", options, { folder = "string?", run = "table",
    jobs = { "integer", 1 }, processes = { "boolean", true }, modules = { "table", {} },
    load = { "table", {} }, arg = { "table", {} }, quiet = { "boolean", false } })
  if opt.folder then
    check(core.mkdir(opt.folder .. "/cells"))
  end
  local results, failures, jobs = {}, {}, {}
  local code = cells.code(core, opt.modules, opt.load)
  for _, cell in ipairs(list) do
    cell.settings.code = code
    results[cell] = opt.folder and cells.load(core, opt.folder, cell)
    if not results[cell] then
      jobs[#jobs + 1] = job_of(core, cell, opt)
    end
  end
  local state = { done = #list - #jobs, total = #list, computed = 0, running = {},
    began = core.clock() }
  local show = display(core, state, opt.quiet)
  if state.done > 0 then
    show(("%d of %d cells are finished already, in %s"):format(state.done, #list, opt.folder))
  end
  local calls = { main = { "cmml.experiment.child", "main" } }
  function calls.start(job)
    job.began, state.running[job] = core.clock(), true
    show()
  end
  function calls.wait()
    show()
  end
  function calls.finish(job, message, result)
    local cell = job.cell
    state.running[job], state.done, state.computed = nil, state.done + 1, state.computed + 1
    results[cell] = result or not message and cells.load(core, opt.folder, cell) or nil
    local has_log = job.log and core.exists(job.log)
    if not results[cell] then
      local reason = message or "it left no result"
      local place = has_log and " (" .. job.log .. ")" or ""
      failures[#failures + 1] = { cell = cell, reason = reason, place = place,
        message = ("cell %s: %s%s"):format(cell.name, reason, place) }
    elseif has_log then
      core.remove_file(job.log)
    end
    show(("%s %s  %s"):format(cell.name, results[cell] and "done" or "FAILED",
      progress.duration(core.clock() - job.began)))
  end
  if opt.processes then
    pool.run(core, jobs, math.max(opt.jobs, 1), calls)
  else
    run_here(cmml, jobs, calls)
  end
  if core.terminal "stderr" and not opt.quiet then
    io.stderr:write "\r\27[K"
  end
  return results, failures
end

return cells
