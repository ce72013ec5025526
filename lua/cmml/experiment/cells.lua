--- Cells: the pieces that experiments and tuning are made of. A cell is a table of settings (plain
-- data, which alone decide the result) and gives a result (plain data). Each runs in a process of
-- its own and leaves its result in a file of its own, which is used again by every later run that
-- asks for the same settings: what was finished is never computed twice, and never lost.
--
-- @module cmml.experiment.cells
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"
local computations = require "cmml.experiment.computations"
local digest = require "cmml.base.digest"
local json = require "cmml.base.json"
local options = require "cmml.base.options"
local pool = require "cmml.experiment.pool"
local progress = require "cmml.base.progress"
local raise = args.error
local words = require "cmml.base.text"
local one_line, visible, wrap = words.one_line, words.visible, words.wrap

local cells = {}

-- JSON cannot represent NaN or infinity.
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

-- Different settings get different file names.
cells.digest = digest

--- A digest of the contents of a file; "" where it cannot be read.
-- @tparam table core
-- @tparam string path
-- @treturn string
function cells.file_digest(core, path)
  local text = core.read_file(path)
  return text and digest(text) or ""
end

--- Digests of the files that declare what is not the library's.
-- @tparam table core
-- @tparam table ... settings and kinds, or what else has a field `file`
-- @treturn ?{string,...} nil if all of it is the library's
function cells.declared(core, ...)
  local digests = {}
  for _, entry in ipairs { ... } do
    digests[#digests + 1] = entry.file and cells.file_digest(core, entry.file) or nil
  end
  return #digests > 0 and digests or nil
end

--- What identifies the code that a process takes in first: a digest of each file, in order. Files
-- that these take in themselves are not looked at.
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

-- Where the result of a cell is kept: under its name, and a digest of its settings.
local function path_of(folder, cell)
  local name = cell.name:gsub("[^0-9A-Za-z%.@+]+", "-")
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
-- @tparam table job run (a name of `cmml.experiment.computations`, or {module,
-- function of (cmml, settings, tell)}), settings, path
-- @tparam function tell to be called with how far the cell is, a text
-- @treturn ?table the result
-- @treturn ?string message if it could not be written
function cells.compute(cmml, job, tell)
  local began, run = cmml.core.clock(), job.run
  local result
  if type(run) == "table" then
    result = require(run[1])[run[2]](cmml, job.settings, tell)
  else
    result = computations.find(cmml, run)(job.settings, tell,
      job.path and job.path:match "^(.*)/cells/[^/]*$")
  end
  result.seconds = cmml.core.clock() - began
  if not job.path then
    return result
  end
  local ok, message = cmml.core.write_file(job.path, json.encode { settings = to_plain(
    job.settings), result = to_plain(result) } .. "\n")
  return ok and result or nil, message
end

-- How far a running cell is: what it told last.
local function told_by(core, job)
  if job.state and core.exists(job.state) then
    job.told = core.read_file(job.state) or job.told
  end
  return job.told and job.told ~= "" and job.told or nil
end

-- The line that says how far a run is: first the cells, then each one that runs.
local function state_line(core, state)
  local running = {}
  for job in pairs(state.running) do
    local told = told_by(core, job)
    running[#running + 1] = (told and told .. " of " or "") .. job.cell.name
  end
  plain.sort(running)
  local left, seconds = "", core.clock() - state.began
  if state.computed > 0 then
    left = seconds / state.computed * (state.total - state.done)
  elseif state.expected then
    left = math.max(state.expected - seconds, 0)
  end
  return ("%d/%d cells%s  %s"):format(state.done, state.total, left ~= ""
    and ("  %s left"):format(progress.duration(left)) or "", table.concat(running, "; "))
end

local often, seldom = 0.3, 60 -- seconds between lines on a terminal, and elsewhere

-- Shows progress: on a terminal one line that renews itself, elsewhere a line for each cell, and
-- once a minute how far those are that run.
local function display(core, state, quiet)
  local columns, last_shown = not quiet and core.terminal "stderr", core.clock()
  return function(line)
    if quiet then
      return
    elseif line then
      io.stderr:write(columns and "\r\27[K" or "", visible(line), "\n")
      last_shown = columns and -1 or core.clock()
    end
    local now = core.clock()
    if now - last_shown >= (columns and often or seldom) and next(state.running) then
      last_shown = now
      local now_running = one_line(state_line(core, state))
      io.stderr:write(columns and "\r" or "", columns and now_running:sub(1, columns - 1)
        or now_running, columns and "\27[K" or "\n")
    end
  end
end

local function check(ok, message)
  if not ok then
    raise(message, 0)
  end
end

-- Runs the jobs in this process, one after the other.
local function run_here(cmml, jobs, calls)
  for _, job in ipairs(jobs) do
    calls.start(job)
    local function tell(text)
      job.told = text
      calls.wait()
    end
    local ok, result, message = pcall(args.call, cells.compute, cmml, job, tell)
    if not ok and args.is_interrupt(result) then
      raise(result, 0)
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
    path = path and path .. ".json", log = path and path .. ".log",
    state = path and opt.processes and path .. ".state" or nil }
  job.text = json.encode { run = opt.run, settings = job.settings, path = job.path,
    state = job.state, modules = opt.modules, load = opt.load, arg = opt.arg,
    parent = core.process_id() }
  return job
end

local known = options.declare("running cells", {
  { name = "folder", kind = "string", help = "where results are kept", default_text = "nowhere" },
  { name = "run", kind = { "string", "table" }, required = true,
    help = "what computes a cell, see compute" },
  { name = "jobs", kind = "integer", default = 1, help = "number of processes at a time" },
  { name = "processes", kind = "boolean", default = true,
    help = "whether each cell has a process of its own" },
  { name = "modules", list = "string", default = {}, may_be_empty = true,
    help = "modules that every process requires first" },
  { name = "load", list = "string", default = {}, may_be_empty = true,
    help = "scripts that every process runs first" },
  { name = "arg", kind = "table", default = {}, help = "words of the command line for scripts" },
  { name = "quiet", kind = "boolean", default = false, help = "show no progress" },
  { name = "rehearse", kind = "function", help = "called with the list of the cells that are left "
    .. "before any is computed, from which it may take some out; gives the seconds that they take, "
    .. "and words on that" },
})

--- Holds the folder of a table of cells, which is made if it is not there. Raises while another run
-- writes into it.
-- @tparam table core
-- @tparam string where prefix of the message
-- @tparam ?string folder
-- @treturn ?table to be closed (by `local x <close>`) when its files are written; nil without a
-- folder
function cells.hold(core, where, folder)
  if not folder then
    return nil
  end
  local held, message = core.hold_folder(folder)
  return held or raise(("%s: %s; wait until it has ended, or give another folder"):format(where,
    message), 0)
end

--- Runs cells, except those that are finished already. The contents of modules and load become part
-- of the settings of each, as `code`: with other code it is another cell.
-- @tparam table cmml the library
-- @tparam table list of {name, settings}
-- @tparam table given options
-- @treturn table results by cell
-- @treturn table failures: list of {cell, message; reason and place (of its log), which it is of},
-- in the order of the cells
function cells.run(cmml, list, given)
  local core, opt = cmml.core, known:check(given)
  local results, failed, jobs, left = {}, {}, {}, {}
  local code = cells.code(core, opt.modules, opt.load)
  for _, cell in ipairs(list) do
    cell.settings.code = code
    results[cell] = opt.folder and cells.load(core, opt.folder, cell)
    left[#left + 1] = not results[cell] and cell or nil
  end
  local state = { done = #list - #left, total = #list, computed = 0, running = {},
    began = core.clock() }
  local show = display(core, state, opt.quiet)
  if state.done > 0 then
    show(("%d of %d cells are finished already, in %s"):format(state.done, #list, opt.folder))
  end
  if opt.rehearse and #left > 0 then
    local estimate
    if not opt.quiet and core.terminal "stderr" then
      io.stderr:write "\r\27[Klooking at the data and the models"
    end
    state.expected, estimate = opt.rehearse(left)
    if estimate then
      show(wrap(estimate, 2, 79))
    end
    state.total = state.done + #left
  end
  for i, cell in ipairs(left) do
    jobs[i] = job_of(core, cell, opt)
  end
  if opt.folder then
    check(core.mkdir(opt.folder .. "/cells"))
  end
  state.began = core.clock()
  local calls = { main = { "cmml.experiment.child", "main" } }
  function calls.start(job)
    if job.state and core.exists(job.state) then -- of a run that was interrupted
      core.remove_file(job.state)
    end
    job.began, state.running[job] = core.clock(), true
    show()
  end
  function calls.wait()
    show()
  end
  function calls.finish(job, message, result)
    local cell = job.cell
    state.running[job], state.done, state.computed = nil, state.done + 1, state.computed + 1
    if job.state and core.exists(job.state) then
      core.remove_file(job.state)
    end
    results[cell] = result or not message and cells.load(core, opt.folder, cell) or nil
    local has_log = job.log and core.exists(job.log)
    if not results[cell] then
      local reason = message or "it left no result"
      local place = has_log and " (" .. job.log .. ")" or ""
      failed[cell] = { cell = cell, reason = reason, place = place,
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
  local failures = {}
  for _, cell in ipairs(list) do
    failures[#failures + 1] = failed[cell]
  end
  return results, failures
end

return cells
