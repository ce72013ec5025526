--- What the gates share: files, commands, and one way to report.
-- Each check_*.lua is run from the root of the checkout, prints a line a finding as `place: what`,
-- and ends with status 1 if there was any.
local gate = {}

local findings = 0

--- Notes a finding.
-- @tparam string place file, `file:line` or object
-- @tparam string text what is wrong there
function gate.report(place, text)
  findings = findings + 1
  io.stderr:write(place, ": ", text, "\n")
end

--- Ends the gate: a line with its name and result, and the exit status.
-- @tparam string name of the gate
-- @tparam integer checked how many things it looked at; none at all is a failure
-- @tparam string things what they are
function gate.finish(name, checked, things)
  if checked == 0 then
    gate.report(name, "found no " .. things .. " to check")
  end
  print(("%s: %d %s, %s"):format(name, checked, things,
    findings == 0 and "ok" or findings .. " findings"))
  os.exit(findings == 0)
end

--- The lines that a shell command prints.
-- @tparam string command
-- @treturn {string,...}
function gate.lines_of(command)
  local pipe = assert(io.popen(command))
  local lines = {}
  for line in pipe:lines() do
    lines[#lines + 1] = line
  end
  local ok, _, status = pipe:close()
  if not ok then
    gate.report(command, ("ended with status %s"):format(status))
  end
  return lines
end

--- The files under some folders (those of them that exist), sorted.
-- @tparam string folders separated by spaces
-- @tparam string ... endings of names, such as ".c"
-- @treturn {string,...}
function gate.files(folders, ...)
  local names = {}
  for i, ending in ipairs { ... } do
    names[i] = ("-name '*%s'"):format(ending)
  end
  return gate.lines_of(("for d in %s; do [ ! -d $d ] || find $d -type f \\( %s \\); done | sort")
    :format(folders, table.concat(names, " -o ")))
end

--- The text of a file.
-- @tparam string path
-- @treturn string
function gate.read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "a"
  file:close()
  return text
end

--- Writes a file, unless it holds the text already: beside its place first, so that nobody finds
-- half of it there, and a build that is broken off leaves what was there before.
-- @tparam string path
-- @tparam string text
function gate.write(path, text)
  local before = io.open(path, "rb")
  local same = before and before:read "a" == text
  if before then
    before:close()
  end
  if same then
    return
  end
  local own = os.tmpname() -- a name that no other process has
  local new = ("%s.%s.new"):format(path, own:match "%w+$")
  os.remove(own)
  local file = assert(io.open(new, "wb"))
  local ok, problem = file:write(text)
  local closed, why = file:close()
  if not ok or not closed then
    os.remove(new)
    error(("%s: %s"):format(path, problem or why), 0)
  end
  assert(os.rename(new, path))
end

--- The lines of a file, without their ends.
-- @tparam string path
-- @treturn {string,...}
function gate.lines(path)
  local lines = {}
  for line in gate.read(path):gmatch "([^\n]*)\n?" do
    lines[#lines + 1] = line
  end
  return lines
end

return gate
