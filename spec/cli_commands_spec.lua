-- Commands of a user's own: registered by a module, they are run, listed and explained as those of
-- the library; what is declared wrongly is refused where it is declared.
local cli = require "spec.support.cli"
local cmml = require "cmml"
local temporary = require "spec.support.temporary"
local core = cmml.core

local module_text = [[
local cmml = require "cmml"
cmml.command {
  name = "count-items", summary = "count the items of a model", words = 1,
  usage = "cmml count-items FILE [OPTIONS]",
  examples = { "cmml count-items films.safetensors --times 2" },
  resumes = "nothing is lost",
  options = {
    { name = "times", kind = "integer", default = 1, from = 1, to = 9, short = true,
      help = "what the number is multiplied by" },
    { name = "stop_at", kind = "string", choices = { "start", "never", "error", "nothing" },
      default = "never", help = "where to stop" },
    { name = "loud", kind = "boolean", default = false, help = "with an exclamation mark" },
  },
  run = function(values)
    if values.stop_at == "start" then
      error "interrupted!"
    elseif values.stop_at == "error" then
      error "out of order"
    elseif values.stop_at == "nothing" then
      return nil
    end
    local model, message = cmml.load(values[1])
    if not model then
      return nil, message
    end
    local given = 0
    for name in pairs(values) do
      given = given + (type(name) == "string" and name ~= "modules" and 1 or 0)
    end
    print(#model.catalogue.items * values.times .. (values.loud and "!" or "")
      .. " " .. given .. " given")
    return true
  end,
}
]]

describe("a command of one's own", function()
  local root, path, file

  setup(function()
    root, path = temporary.folder(), package.path
    package.path = root .. "/?.lua;" .. path
    assert(core.write_file(root .. "/counting.lua", module_text))
    file = "spec/files_of_format_1/users_item_knn.safetensors"
  end)

  teardown(function()
    package.path = path
    temporary.remove(root)
  end)

  it("is run, wherever the module is named", function()
    for _, words in ipairs { { "--modules", "counting", "count-items", file, "--times=2" },
      { "--modules=counting", "count-items", "--times", "2", file },
      { "count-items", file, "--times=2", "--modules=counting" },
      { "count-items", "--modules", "counting", file, "--times=2" } } do
      local text, said, code = cli(table.unpack(words))
      assert.same({ "32 1 given\n", "", 0 }, { text, said, code })
    end
    assert.equal("16! 1 given\n", (cli("count-items", file, "--loud", "--modules=counting")))
    assert.equal("16 1 given\n", (cli("count-items", file, "--loud=false", "--modules=counting")))
  end)

  it("is listed and explained", function()
    local text = cli("--modules=counting", "--help")
    assert.truthy(text:find("\n  count-items", 1, true), text)
    assert.truthy(text:find("count the items of a model", 1, true), text)
    text = cli("count-items", "--help", "--modules", "counting")
    assert.truthy(text:find("usage: cmml count-items FILE [OPTIONS]\nCount the items of a model.\n",
      1, true), text)
    assert.truthy(text:find("  --times N           what the number is multiplied by [default: 1]",
      1, true), text)
    assert.truthy(text:find("  cmml count-items films.safetensors --times 2", 1, true), text)
    assert.falsy(text:find("--loud", 1, true))
    text = cli("help", "count-items", "--help-all", "--modules", "counting")
    assert.truthy(text:find("--loud", 1, true) and text:find("--modules LIST", 1, true), text)
    local flat = text:gsub("%s+", " ")
    assert.truthy(flat:find("[one of start, never, error, nothing; default: never]", 1, true), text)
  end)

  it("fails as others do, and says what is meant", function()
    local function said(expected, ...)
      local text, message, code = cli(...)
      assert.same({ "", expected }, { text, code })
      return message
    end
    local known = cmml.commands:names()
    assert.is_true(#known > 1)
    assert.equal(("cmml: unknown command count-items; known: %s\n"):format(table.concat(known,
      ", ")), said(2, "count-items", file))
    assert.equal("cmml: unknown command count-item; did you mean count-items?\n", said(2,
      "--modules=counting", "count-item"))
    local own = { "--modules=counting", "count-items" }
    local function of(...)
      return own[1], own[2], ...
    end
    assert.matches("^cmml: count%-items: unknown option %-%-tims; did you mean %-%-times%?", said(2,
      of(file, "--tims=2")))
    assert.matches("^cmml: count%-items: %-%-times must be from 1 to 9, but is 10", said(2,
      of(file, "--times=10")))
    assert.matches('^cmml: count%-items: the word "b" was not expected', said(2, of(file, "b")))
    assert.equal("cmml: count-items: interrupted; nothing is lost\n", said(1, of "--stop-at=start"))
    assert.matches("^cmml: count%-items: [^\n]*out of order\n$", said(1, of "--stop-at=error"))
    assert.equal("cmml: count-items: it failed\n", said(1, of "--stop-at=nothing"))
    assert.matches("^cmml: count%-items: .*cannot open /none", said(1, of "/none"))
    assert.matches("^cmml: %-%-modules: nowhere: module 'nowhere' not found", said(1,
      "--modules=counting,nowhere", "count-items"))
  end)
end)

describe("a command that is declared wrongly", function()
  local count = 0

  local function refused(text, changes)
    count = count + 1
    local declaration = { name = "wrong" .. count, summary = "a command", usage = "cmml wrong",
      run = function() end }
    for key, value in pairs(changes) do
      declaration[key] = value ~= "" and value or nil
    end
    local ok, message = pcall(function()
      cmml.command(declaration)
    end)
    assert.is_false(ok, text)
    assert.truthy(message:find(text, 1, true), message)
    assert.matches("^[^:]*cli_commands_spec.lua:%d+: ", message)
    assert.is_nil(cmml.commands:get("wrong" .. count))
  end

  it("is refused where it is declared, by its name", function()
    assert.error_matches(function()
      cmml.command(5)
    end, "command: a table was expected, not number 5")
    refused("command nil: name is missing", { name = "" })
    refused("command: name must be a text of letters", { name = "a b" })
    refused("command: there is a command train already", { name = "train" })
    refused("command wrong5: summary is missing", { summary = "", name = "wrong5" })
    refused("command wrong6: run is missing", { run = "", name = "wrong6" })
    refused("command wrong7: usage must be a string, not number 3", { usage = 3, name = "wrong7" })
    refused("command wrong8: unknown field option; did you mean options?", { option = {},
      name = "wrong8" })
    refused("words must be at least 0, but is -1", { words = -1 })
    refused("words must be an integer, not", { words = 1.5 })
    refused("examples must be a table", { examples = "cmml" })
    refused("entry 1 of examples must be a line of text, not number 1", { examples = { 1 } })
    refused("resumes must be a string or a function, not number 1", { resumes = 1 })
    refused("options must be a table or a function", { options = 3 })
  end)

  it("is refused with options that are declared wrongly", function()
    local function of(...)
      return { options = { ... } }
    end
    refused("option 1 has no name", of {})
    refused("declaration of option lr: field help is missing", of { name = "lr", kind = "number" })
    refused("declaration of option lr: default must be above 0, but is 0", of { name = "lr",
      kind = "number", above = 0, default = 0, help = "rate" })
    refused("declaration of option lr: unknown field hlp; did you mean help?", of { name = "lr",
      kind = "number", hlp = "rate" })
    refused("option lr is declared twice", of({ name = "lr", kind = "number", help = "rate" },
      { name = "lr", kind = "integer", help = "another" }))
    refused("option modules is declared already, for every command", of { name = "modules",
      kind = "string", help = "mine" })
  end)
end)
