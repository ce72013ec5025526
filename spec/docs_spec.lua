-- What a newcomer sees is true: every example runs, every Lua block of the pages runs and prints
-- what stands behind `-->`, shell lines name commands, options, targets and files that exist, and
-- so do names of the core, paths and links in the text.
local docs = require "spec.support.docs"
local cmml = require "cmml"
local keys = require("cmml.base.args").keys
local parse = require("cmml.cli.main").parse

-- What comes with the library, before pages add to it.
local declared = { encoder = keys(cmml.encoders), hybrid = keys(cmml.hybrids),
  modulation = keys(cmml.modulations), metrics = cmml.metrics.names() }

local pages = { "README.md", "data/README.md", "CONTRIBUTING.md" }
for _, path in ipairs(docs.list "doc/*.md") do
  pages[#pages + 1] = path
end

-- Pages whose files, program and shell lines a spec of their own runs.
local runs = {}
for _, path in ipairs(docs.list("spec/adding_*_spec.lua spec/serving_spec.lua "
  .. "spec/security_spec.lua")) do
  runs[docs.read(path):match "\nlocal page = \"([^\"]+)\""] = path
end

describe("examples", function()
  local examples, outputs = docs.list "examples/*.lua", {}

  -- What one prints, run once; the demo with fewer epochs than by itself.
  local function output_of(path)
    if not outputs[path] then
      local ok, output = docs.run(path, path:find "demo" and { "", "12" } or {})
      assert(ok, output)
      outputs[path] = output
    end
    return outputs[path]
  end

  it("are there", function()
    assert.is_true(#examples >= 5)
  end)

  for _, path in ipairs(examples) do
    it(path .. " runs and fits 80 columns", function()
      local output = output_of(path)
      local lines = 0
      for line in output:gmatch "[^\n]+" do
        assert(utf8.len(line) <= 80 or line:find "not in the catalogue", line)
        lines = lines + 1
      end
      assert.is_true(lines >= 3, output)
    end)
  end

  it("make a new modulation in 30 lines of 100 columns, checked, with a row in a table", function()
    local lines = 0
    for line in docs.read("examples/05_new_modulation.lua"):gmatch "([^\n]*)\n" do
      lines = lines + 1
      assert(utf8.len(line) <= 100, line)
    end
    assert.is_true(lines <= 30, lines)
    local output = output_of "examples/05_new_modulation.lua"
    local film = tonumber(output:match "\n| film +| ([%d.]+) %[")
    local own = tonumber(output:match "\n| shift +| ([%d.]+) %[")
    assert.is_true(film < 2 and own < 2, output)
    assert.matches("gradcheck", docs.read "examples/05_new_modulation.lua")
  end)

  it("show that CMML reads the ratings, and what it recommends fits the truth", function()
    local output = output_of "examples/demo.lua"
    local own = tonumber(output:match "| CMML +| ([%d.]+)")
    local simple = tonumber(output:match "| item mean %+ user bias +| ([%d.]+)")
    local shuffled = tonumber(output:match "| CMML, shuffled stars +| ([%d.]+)")
    assert.is_true(own < 0.8 * simple, output)
    assert.is_true(shuffled > own + 0.1, output)
    local loved, hated = output:match "recommended after +(%d+) of +8 +(%d+) of +8"
    assert.is_true(tonumber(loved) >= 7 and tonumber(hated) <= 1, output)
  end)
end)

describe("Lua blocks", function()
  it("of the README run one after the other from a checkout", function()
    local blocks = docs.blocks("README.md", "lua")
    assert.is_true(#blocks >= 2)
    for _, output in ipairs(docs.run_blocks(blocks)) do
      assert.is_true(#output > 0)
    end
    local lines = select(2, blocks[1].text:gsub("\n", ""))
    assert.is_true(lines <= 12, "the first program has " .. lines .. " lines")
  end)

  it("of pages on adding something are run by a spec each", function()
    for _, page in ipairs(docs.list "doc/adding-*.md") do
      assert.is_true(runs[page] ~= nil or page == "doc/adding-an-op.md", page)
    end
  end)

  for page, least in pairs { ["doc/tutorial.md"] = 15, ["doc/sequences.md"] = 8,
    ["doc/ownership.md"] = 2 } do
    it("of " .. page .. " run in order and print what they say", function()
      local blocks = docs.blocks(page, "lua")
      assert.is_true(#blocks >= least)
      local faults, checked = docs.check_output(page)
      assert.same({}, faults)
      assert.is_true(checked >= least / 2)
    end)
  end
end)

local check = {}

function check.make(words)
  local makefile = docs.read "Makefile" .. docs.read "spec/c/host.mk"
    .. docs.read "spec/fuzz/fuzz.mk"
  for i = 2, #words do
    local variable = words[i]:match "^([%u_]+)="
    if variable then
      assert(makefile:find("%f[%w_]" .. variable .. "%f[^%w_]"),
        "the Makefile has no variable " .. variable)
    else
      assert(("\n" .. makefile):find("\n" .. words[i]:gsub("%-", "%%-") .. ":[^\n]*## "),
        "make has no target " .. words[i])
    end
  end
end

function check.cmml(words)
  local name = words[2]
  if name == "--help" or name == "--version" then
    return
  end
  if words[3] ~= "--help" and words[3] ~= "--help-all" then
    assert(parse(require "cmml", table.move(words, 2, #words, 1, {})))
  else
    assert(require("cmml").commands:get(name), "cmml has no command " .. tostring(name))
  end
end
check["bin/cmml"] = check.cmml

check["lua5.4"] = function(words)
  for i = 2, #words do
    if words[i]:find "%.lua$" then
      assert(docs.exists(words[i]), "there is no " .. words[i])
    end
  end
end

function check.luarocks(words)
  local rockspec = words[#words]
  assert(rockspec:find "%.rockspec$" and docs.exists(rockspec), "there is no " .. rockspec)
end

function check.export() end

check["CMML_GC_STRESS=1"] = check.export
check[".ci/run"] = function(words)
  assert(docs.exists(words[1]))
end

describe("shell lines", function()
  for _, page in ipairs(pages) do
    it("of " .. page .. " name what exists", function()
      local faults = {}
      for _, line in ipairs(runs[page] and {} or docs.shell_lines(page)) do
        local words = {}
        for word in line:gmatch "%S+" do
          words[#words + 1] = word
        end
        while words[1] and words[1]:find "^[%u_%d]+=" do
          table.remove(words, 1)
        end
        local ok, message = pcall(function()
          assert(check[words[1]], "a command that nothing here knows")
          check[words[1]](words)
        end)
        if not ok then
          faults[#faults + 1] = line .. ": " .. tostring(message)
        end
      end
      assert.same({}, faults)
    end)
  end

  -- The words of a line as a shell splits it, a variable as some number.
  local function words_of(line)
    local words = {}
    for word in line:gsub("%$%l+", "1"):gsub("'(.-)'", function(quoted)
      return (quoted:gsub(" ", "\0"))
    end):gmatch "%S+" do
      words[#words + 1] = word:gsub("\0", " ")
    end
    return words
  end

  it("of the results are commands that run as printed", function()
    local faults, count = {}, 0
    for _, page in ipairs(docs.list "doc/results/*.md") do
      local text = docs.read(page):gsub("\\\n%s*", "")
      for line in text:gmatch "\n    +bin/(cmml [^\n]*)" do
        count = count + 1
        local ok, message = pcall(check.cmml, words_of(line))
        if not ok then
          faults[#faults + 1] = line .. ": " .. tostring(message)
        end
      end
      for code in text:gmatch "`(cmml [^`]* [^`]*)`" do
        count = count + 1
        local ok, message = pcall(check.cmml, words_of(code))
        if not ok then
          faults[#faults + 1] = code .. ": " .. tostring(message)
        end
      end
    end
    assert.same({}, faults)
    assert.is_true(count >= 15, "there are " .. count .. " commands")
  end)

  it("are looked at in the README", function()
    assert.is_true(#docs.shell_lines "README.md" >= 10)
  end)

  it("with mistakes are found", function()
    assert.is_false(pcall(check.make, { "make", "no-such-target" }))
    assert.is_false(pcall(check.make, { "make", "demo", "DATUM=x" }))
    assert.is_false(pcall(check.cmml, { "cmml", "trian" }))
    assert.is_false(pcall(check.cmml, { "cmml", "train", "--data", "x", "--outt", "y" }))
    assert.is_false(pcall(check.cmml, { "cmml", "train", "--data", "x" }))
    assert.is_true(pcall(check.cmml, { "cmml", "train", "--data", "x", "--out", "y" }))
  end)
end)

describe("names in the text", function()
  local source = {}
  for _, path in ipairs(docs.list "csrc/*/*.[ch] csrc/*.h csrc/ops/ops.def") do
    source[#source + 1] = docs.read(path)
  end
  source = table.concat(source, "\n")

  for _, page in ipairs(pages) do
    it("of " .. page .. " are those of the core, of files and of the library", function()
      local text, faults = docs.read(page):gsub("\n```lua\n.-\n```", ""), {} -- which is run
      for name in text:gmatch "%f[%w_][cC][mM]L?_[%w_]+" do
        if not name:find "swish" and not source:find("%f[%w_]" .. name .. "%f[^%w_]") then
          faults[#faults + 1] = "the core has no " .. name
        end
      end
      for path in text:gmatch "%f[%w/.][%l]+/[%w_/.%-]+%.%a+" do
        local known = path:find "^csrc/" or path:find "^lua/" or path:find "^spec/"
          or path:find "^tools/" or path:find "^types/" or path:find "^examples/"
          or path:find "^doc/"
        if known and not path:find "NAME" and not docs.exists(path) then
          faults[#faults + 1] = "there is no " .. path
        end
      end
      for link in text:gmatch "%]%(([^)]+)%)" do
        local folder = page:match "^(.*/)" or ""
        local path, anchor = link:match "^([^#]*)#?(.*)$"
        if not link:find "^https?:" and not (docs.exists(folder .. path)
          and (anchor == "" or docs.has_heading(folder .. path, anchor))) then
          faults[#faults + 1] = "a link leads nowhere: " .. link
        end
      end
      for name in text:gmatch "%f[%w]cmml%.([%a_][%w_.]*)" do
        name = name:gsub("%.+$", "")
        local value = cmml
        for key in name:gmatch "[^.]+" do
          value = type(value) == "table" and value[key]
        end
        if not value and not pcall(require, "cmml." .. name)
          and not docs.not_library[name] and not name:find "%f[%u]%u%u%u" then
          faults[#faults + 1] = "the library has no cmml." .. name
        end
      end
      assert.same({}, faults)
    end)
  end
end)

describe("names that moved, in the changelog", function()
  it("are there now, and no longer where they were", function()
    local rows, faults = docs.read("CHANGELOG.md"):match "\n#### Moved names\n(.-)\n### ", {}
    local function find(name)
      local value = cmml
      for key in name:gmatch "[^.]+" do
        value = value and value[key]
      end
      return value
    end
    local count = 0
    for was, is in rows:gmatch "\n| ([^\n|]+) | ([^\n|]+) |" do
      for name in is:gmatch "`([%w_.]+)`" do
        count = count + 1
        faults[#faults + 1] = find(name) == nil and name .. " is not there" or nil
      end
      for name in was:gmatch "`([%w_]+)`" do
        faults[#faults + 1] = cmml[name] ~= nil and name .. " is still there" or nil
      end
    end
    assert.same({}, faults)
    assert.is_true(count >= 60, count)
  end)
end)

describe("README.md", function()
  it("names every component and metric in its table of what works", function()
    local text, n = docs.read "README.md", 0
    for row, names in pairs(declared) do
      local line = text:match("\n| " .. row .. " (|[^\n]+)")
      for _, name in ipairs(names) do
        assert(line:find("`" .. name .. "`", 1, true), row .. " lacks " .. name)
        n = n + 1
      end
    end
    assert.is_true(n > 20)
  end)
end)
