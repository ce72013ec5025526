--- Reading pages of documentation, and running what is in them.
local interpreter = require "spec.support.interpreter"
local docs = {}

--- Names behind "cmml." that are no part of the library: files, classes, folders.
docs.not_library = { core64 = true, so = true, h = true, Tensor = true, Dataset = true, git = true,
  Ids = true, Segments = true, Vocab = true, Catalogue = true, ["d.lua"] = true }

function docs.read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

function docs.exists(path)
  return os.rename(path, path) == true
end

--- Whether a page has a heading that a link with this anchor leads to.
function docs.has_heading(path, anchor)
  for heading in ("\n" .. docs.read(path)):gmatch "\n#+ ([^\n]+)" do
    if heading:lower():gsub("[^%w%s_-]", ""):gsub(" ", "-") == anchor then
      return true
    end
  end
  return false
end

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function capture(command)
  local pipe = assert(io.popen(command .. " 2>&1"))
  local output = pipe:read "a"
  return pipe:close() == true, output
end

--- The files that shell patterns name, sorted.
function docs.list(patterns)
  local paths = {}
  local _, output = capture("ls -d " .. patterns)
  for path in output:gmatch "[^\n]+" do
    paths[#paths + 1] = path
  end
  return paths
end

local _, here = capture "pwd"
here = here:gsub("\n$", "")

-- Search paths of this process, from anywhere.
local function absolute(paths)
  return (paths:gsub("[^;]+", function(path)
    return path:sub(1, 1) == "/" and path or here .. "/" .. path
  end))
end

-- The search paths for a process, with those of a folder in front.
local function search_paths(folder)
  return ("env -u LUA_INIT_5_4 -u LUA_PATH_5_4 -u LUA_CPATH_5_4 LUA_PATH=%s LUA_CPATH=%s"):format(
    quote((folder and ("%s/?.lua;%s/lua/?.lua;%s/lua/?/init.lua;"):format(folder, folder, folder)
      or "") .. absolute(package.path)),
    quote(absolute(package.cpath)))
end

local function lua(folder)
  return search_paths(folder) .. " " .. quote(interpreter)
end

--- Runs a program in a process of its own.
-- @treturn boolean whether it ended well
-- @treturn string what it wrote to the standard output, and errors
function docs.run(path, arguments)
  local words = { lua(), quote(path) }
  for _, argument in ipairs(arguments or {}) do
    words[#words + 1] = quote(argument)
  end
  return capture(table.concat(words, " "))
end

--- The fenced blocks of a language: list of {text, line} (of its first line).
function docs.blocks(page, language)
  local blocks, open, number = {}, nil, 0
  for line in (docs.read(page) .. "\n"):gmatch "([^\n]*)\n" do
    number = number + 1
    if open and line:find "^```" then
      blocks[#blocks + 1] = open.language == language and open or nil
      open = nil
    elseif open then
      open.text = open.text .. line .. "\n"
    elseif line:find "^```" then
      open = { language = line:match "^```(.*)$", text = "", line = number + 1 }
    end
  end
  assert(not open, page .. ": a block is not closed")
  return blocks
end

--- Runs blocks as programs of their own, one after the other, in an empty folder that has `data` of
-- the checkout in it. Raises if one fails.
-- @treturn table what each wrote
function docs.run_blocks(blocks)
  local _, folder = capture "mktemp -d"
  folder = folder:gsub("\n$", "")
  local _ <close> = setmetatable({}, { __close = function()
    capture("rm -rf " .. quote(folder))
  end })
  assert(capture(("ln -s %s %s"):format(quote(here .. "/data"), quote(folder .. "/data"))))
  local outputs = {}
  for i, block in ipairs(blocks) do
    local file = assert(io.open(folder .. "/block.lua", "w"))
    file:write(block.text)
    file:close()
    local ok, output = capture(("cd %s && %s block.lua"):format(quote(folder), lua()))
    assert(ok, ("line %d: %s"):format(block.line, output))
    outputs[i] = output
  end
  return outputs
end

-- The first line of a block that is a file of its own: a comment that names it.
local names_file = { lua = "^%-%- ([%w_]+%.lua)\n", c = "^/%* ([%w_]+%.c) ",
  cpp = "^// ([%w_]+%.cpp) ", python = "^# ([%w_]+%.py) " }

-- The file that a block is; nil: it is a part of the page's program.
local function file_of(block)
  return block.text:match(names_file[block.language])
end

--- The files that a page shows: blocks whose first line is a comment with their name.
-- @treturn table texts by name
-- @treturn {string,...} the names, sorted
function docs.files(page)
  local files, names = {}, {}
  for language in pairs(names_file) do
    for _, block in ipairs(docs.blocks(page, language)) do
      local name = file_of(block)
      if name then
        assert(not files[name], page .. ": there are two files " .. name)
        files[name], names[#names + 1] = block.text, name
      end
    end
  end
  table.sort(names)
  return files, names
end

--- The edits that a page asks for: blocks under a line such as "In `lua/x.lua`, below `return {`:".
-- @tparam string page
-- @treturn table list of {path, where ("below" or "above"), anchor (a line of the file), text}
function docs.edits(page)
  local edits = {}
  local prose = "\nIn `([^`]+)`,%s([%a ]-)%s`([^`\n]+)`[^`\n]-:\n\n```%a+\n(.-)\n```"
  for path, where, anchor, text in docs.read(page):gmatch(prose) do
    where = where:match "below$" or where:match "above$"
    assert(where, ("%s: %s: neither above nor below a line"):format(page, path))
    edits[#edits + 1] = { path = path, where = where, anchor = anchor, text = text }
  end
  return edits
end

-- The Lua blocks of a page as one program whose lines have the numbers of the page; files and edits
-- are no part of it.
local function program(page)
  local lines, count = {}, select(2, docs.read(page):gsub("\n", ""))
  for i = 1, count do
    lines[i] = ""
  end
  local edits = {}
  for _, edit in ipairs(docs.edits(page)) do
    edits[edit.text .. "\n"] = true
  end
  for _, block in ipairs(docs.blocks(page, "lua")) do
    local number, apart = block.line, file_of(block) or edits[block.text]
    for line in (apart and "" or block.text):gmatch "([^\n]*)\n" do
      lines[number], number = line, number + 1
    end
  end
  return lines
end

-- What a program of a page prints, by the line of the call.
local function printed_by(page, lines)
  local printed, original = {}, print
  local function note(...)
    local caller, words = debug.getinfo(2, "Sl"), {}
    for i = 1, select("#", ...) do
      words[i] = tostring((select(i, ...)))
    end
    if caller.source == "@" .. page then
      local before = printed[caller.currentline]
      printed[caller.currentline] = (before and before .. "\n" or "") .. table.concat(words, "\t")
    end
  end
  local globals = setmetatable({ print = note }, { __index = _G, __newindex = function(_, name)
    error("a global is made: " .. name, 2)
  end })
  local run = assert(load(table.concat(lines, "\n"), "@" .. page, "t", globals))
  rawset(_G, "print", note) -- for what the library prints
  local ok, message = pcall(run)
  rawset(_G, "print", original)
  assert(ok, message)
  return printed
end

--- Runs the Lua blocks of a page as one program and compares what each statement prints with what
-- stands behind `-->` on its last line, or alone on the line below.
-- @treturn table faults
-- @treturn integer how many were compared
function docs.check_output(page)
  local lines = program(page)
  local printed, faults, checked = printed_by(page, lines), {}, 0
  for number, line in ipairs(lines) do
    local expected = line:match "%-%->%s*(.*)$"
    if expected then
      checked = checked + 1
      local source = number -- a call that takes several lines counts as on its first one
      while not printed[source] and lines[source] ~= "" and source > number - 4 do
        source = source - 1
      end
      if printed[source] ~= expected then
        faults[#faults + 1] = ("%s:%d: prints %q, not %q"):format(page, number,
          tostring(printed[source]), expected)
      end
    end
  end
  return faults, checked
end

--- Carries out the edits of a page in a copy of the files.
-- @tparam string page
-- @tparam string root folder of the copy
-- @treturn {string,...} the paths that were changed, sorted
function docs.apply(page, root)
  local changed, paths = {}, {}
  for _, edit in ipairs(docs.edits(page)) do
    local path, lines, found = root .. "/" .. edit.path, {}, 0
    for line in docs.read(path):gmatch "([^\n]*)\n" do
      local here_it_is = line:match "^%s*(.-)%s*$" == edit.anchor
      found = found + (here_it_is and 1 or 0)
      if here_it_is and edit.where == "above" then
        lines[#lines + 1] = edit.text
      end
      lines[#lines + 1] = line
      if here_it_is and edit.where == "below" then
        lines[#lines + 1] = edit.text
      end
    end
    assert(found == 1, ("%s: %s has %d lines %s"):format(page, edit.path, found, edit.anchor))
    local file <close> = assert(io.open(path, "w"))
    assert(file:write(table.concat(lines, "\n"), "\n"))
    paths[#paths + 1], changed[edit.path] = not changed[edit.path] and edit.path or nil, true
  end
  table.sort(paths)
  return paths
end

--- Runs a page as its reader does: in an empty folder that has `data` and `bin` of the checkout in
-- it, with the files that the page shows; where it changes files of the library, over a changed
-- copy of that. First its program, in a process of its own, then its shell lines, one by one.
-- @tparam string page
-- @tparam[opt] string environment of the shell lines: settings such as "NAME=value"
-- @treturn table faults: what the program prints otherwise than the page says
-- @treturn integer how many lines were compared
-- @treturn table list of {line, ok, output} of the shell lines, which follow the program's
function docs.run_page(page, environment)
  local _, folder = capture "mktemp -d"
  folder = folder:gsub("\n$", "")
  local _ <close> = setmetatable({}, { __close = function()
    capture("rm -rf " .. quote(folder))
  end })
  local edits = #docs.edits(page) > 0
  for _, name in ipairs { "data", "bin", "lua", "csrc", "build" } do
    assert(capture(("%s %s %s"):format(edits and name ~= "data" and name ~= "build" and "cp -r"
      or "ln -s", quote(here .. "/" .. name), quote(folder .. "/" .. name))))
  end
  docs.apply(page, folder)
  for name, text in pairs(docs.files(page)) do
    local file <close> = assert(io.open(folder .. "/" .. name, "w"))
    file:write(text)
  end
  local ok, output = capture(("cd %s && %s %s %s"):format(quote(folder), lua(folder),
    quote(here .. "/spec/support/run_page.lua"), quote(here .. "/" .. page)))
  local checked = tonumber(output:match "(%d+) checked\n$")
  assert(ok and checked, ("%s: its program failed: %s"):format(page, output))
  local faults, shell = {}, {}
  for fault in output:gmatch "fault: ([^\n]*)\n" do
    faults[#faults + 1] = fault
  end
  for i, line in ipairs(docs.shell_lines(page, true)) do
    ok, output = capture(("cd %s && %s %s sh -c %s"):format(quote(folder), search_paths(folder),
      environment or "", quote(line)))
    shell[i] = { line = line, ok = ok, output = output }
  end
  return faults, checked, shell
end

--- The command lines of a page: of `sh` blocks, of blocks indented by four spaces that begin with a
-- known word, and of `make ..`, `bin/cmml ..` in backquotes; without comments, continued lines
-- joined.
-- @tparam string page
-- @tparam[opt=false] boolean blocks of `sh` blocks alone
-- @treturn {string,...}
function docs.shell_lines(page, blocks)
  local lines = {}
  local function add(text)
    text = text:gsub("%s+#.*$", ""):gsub("^%s+", ""):gsub("%s+$", "")
    if text ~= "" and text:sub(1, 1) ~= "#" then
      lines[#lines + 1] = text
    end
  end
  for _, block in ipairs(docs.blocks(page, "sh")) do
    for line in block.text:gsub("\\\n%s*", ""):gmatch "[^\n]+" do
      add(line)
    end
  end
  if blocks then
    return lines
  end
  local text = docs.read(page):gsub("\n```.-\n```", "")
  for line in text:gmatch "\n    ([^\n]+)" do
    if line:find "^make" or line:find "^bin/" or line:find "^lua5" or line:find "^luarocks" then
      add(line)
    end
  end
  for code in text:gmatch "`([^`\n]+)`" do
    if code:find "^make[ %w=_/.-]*$" or code:find "^bin/cmml " then
      add(code)
    end
  end
  return lines
end

return docs
