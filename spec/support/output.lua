-- The output of busted: a line a spec file, then what failed, then `N passed, N failed` alone.
-- CMML_SPEC_TIMES names a file for the times: a line a spec file, with its name and milliseconds.
-- CMML_SPEC_NOW names a file for the name of the test that runs.

return function(options)
  local busted = require "busted"
  local handler = require "busted.outputHandlers.base"()
  local passed, failed, pending = 0, 0, 0
  local failures = {}
  local file

  local function write(...)
    io.stdout:write(...)
    io.stdout:flush()
  end

  local function counts(p, f, s)
    return ("%d passed, %d failed%s"):format(p, f, s > 0 and (", %d pending"):format(s) or "")
  end

  local function note_failure(element, _, message, trace)
    failed = failed + 1
    local where = element.trace or trace or {}
    local text = type(message) == "string" and message or require "pl.pretty".write(message)
    local entry = ("%s:%s: %s\n%s"):format(where.short_src or "?", where.currentline or "?",
      handler.getFullName(element), text)
    if options.verbose and type(trace) == "table" and trace.traceback then
      entry = entry .. "\n" .. trace.traceback
    end
    failures[#failures + 1] = entry
    return nil, true
  end

  local function file_start(element)
    file = { name = element.name, passed = passed, failed = failed, pending = pending,
      clock = os.clock(), began = busted.monotime() }
    return nil, true
  end

  local function file_end()
    write(("%-32s %s (%.1f s)\n"):format(file.name, counts(passed - file.passed,
      failed - file.failed, pending - file.pending), os.clock() - file.clock))
    local times = os.getenv "CMML_SPEC_TIMES"
    times = times and io.open(times, "a")
    if times then
      times:write(("%s %d\n"):format(file.name, (busted.monotime() - file.began) * 1000 // 1 | 0))
      times:close()
    end
    return nil, true
  end

  local function test_start(element)
    local now = os.getenv "CMML_SPEC_NOW"
    now = now and io.open(now, "w")
    if now then
      now:write(handler.getFullName(element), "\n")
      now:close()
    end
    return nil, true
  end

  local function test_end(element, _, status)
    if status == "success" then
      passed = passed + 1
    elseif status == "pending" then
      pending = pending + 1
      write("pending: ", handler.getFullName(element), "\n")
    end
    return nil, true
  end

  local function suite_end()
    for _, entry in ipairs(failures) do
      write("\n", entry, "\n")
    end
    write(("\n%d passed, %d failed\n"):format(passed, failed))
    return nil, true
  end

  handler.subscribe = function()
    require "busted.languages.en"
    busted.subscribe({ "file", "start" }, file_start)
    busted.subscribe({ "file", "end" }, file_end)
    busted.subscribe({ "test", "start" }, test_start)
    busted.subscribe({ "test", "end" }, test_end)
    busted.subscribe({ "failure" }, note_failure)
    busted.subscribe({ "error" }, note_failure)
    busted.subscribe({ "suite", "end" }, suite_end)
  end

  return handler
end
