--- A pool of processes: jobs run side by side, each in a process of its own, and end with this one.
--
-- @module cmml.experiment.pool
local interpreter = require "cmml.experiment.interpreter"

local pool = {}

-- What a log says of the failure: behind "cmml: ", which the process of a cell begins its last
-- words with; otherwise its last line; "" if it says nothing.
local function last_words(core, path)
  local text = "\n" .. (core.exists(path) and core.read_file(path) or "")
  local words = text:match ".*\ncmml: ([^\n]*)" or text:match "([^\n]*%S[^\n]*)%s*$" or ""
  return (words:gsub("^%S+%.lua:%d+: ", "")) -- where in the library it happened is of no use
end

-- Why a process that has ended did not do its work; nil if it did.
local function failure(core, job, how, code)
  if how == "exit" and code == 0 then
    return nil
  end
  local said = last_words(core, job.log)
  local ended = how == "signal" and ("was killed by signal %d"):format(code)
    or code == 3 and "could not write its result (a full disk?)"
    or ("ended with exit code %d"):format(code)
  return ("its process %s%s"):format(ended, said ~= "" and ": " .. said or " and said nothing")
end

--- Runs jobs, so many at a time, in the order of the list. Whatever ends this function ends the
-- processes that are running.
-- @tparam table core
-- @tparam table jobs list of {text (what `main` is called with), log (a path)}
-- @tparam integer most at a time
-- @tparam table calls main {module, function}; start(job), finish(job, ?message of failure),
-- wait(running, a set of jobs), all in this process
function pool.run(core, jobs, most, calls)
  local running, count, next_job = {}, 0, 1
  local guard <close> = setmetatable({}, { __close = function() -- luacheck: ignore 211
    for _, process in pairs(running) do
      process:kill()
    end
  end })
  while next_job <= #jobs or count > 0 do
    while count < most and next_job <= #jobs do
      local job = jobs[next_job]
      next_job = next_job + 1
      calls.start(job)
      local process, message = core.spawn(interpreter.command(calls.main[1], calls.main[2],
        job.text), job.log)
      if process then
        running[job], count = process, count + 1
      else
        calls.finish(job, message)
      end
    end
    local ended = {}
    for job, process in pairs(running) do
      local how, code = process:poll()
      if how then
        ended[#ended + 1] = { job, how, code }
      end
    end
    for _, entry in ipairs(ended) do
      running[entry[1]], count = nil, count - 1
      calls.finish(entry[1], failure(core, table.unpack(entry)))
    end
    if #ended == 0 and count > 0 then
      calls.wait(running)
      core.sleep(0.02)
    end
  end
end

return pool
