-- Command lines: parsing and help.
local options = require "cmml.base.command_line"
local told = require "spec.support.refused"

local command = {
  summary = "does something",
  usage = "cmml something --data DIR [OPTIONS]",
  options = {
    { name = "data", kind = "string", arg = "DIR", required = true, help = "where the data are" },
    { name = "data-seed", kind = "integer", arg = "N", default = 1, help = "seed" },
    { name = "lr", kind = "number", arg = "X", help = "learning rate" },
    { name = "quiet", kind = "flag", help = "no progress" },
    { name = "a-rather-long-name-of-an-option", kind = "string", arg = "SOMETHING",
      help = ("word "):rep(40) },
  },
}

local function refused(text, ...)
  told.with_message(text, options.parse, command, { ... })
end

describe("options.parse", function()
  it("takes values behind a blank and behind =", function()
    for _, words in ipairs { { "--data", "x y", "--lr", "0.5", "--data-seed", "7" },
      { "--data=x y", "--lr=0.5", "--data-seed=7" } } do
      assert.same({ data = "x y", lr = 0.5, data_seed = 7 }, options.parse(command, words))
    end
  end)

  it("takes defaults, flags, empty values, values with = and values like options", function()
    assert.same({ data = "", data_seed = 1, quiet = true },
      options.parse(command, { "--quiet", "--data=" }))
    assert.equal("a=b", options.parse(command, { "--data=a=b" }).data)
    assert.equal("--lr", options.parse(command, { "--data", "--lr" }).data)
    assert.equal(-3, options.parse(command, { "--data=", "--data-seed", "-3" }).data_seed)
  end)

  it("lets the last of several count", function()
    assert.equal("b", options.parse(command, { "--data", "a", "--data=b" }).data)
  end)

  it("refuses a second list, which would put the first one away", function()
    local takes = { usage = "", summary = "", options = { { name = "rate", kind = "string",
      arg = "LIST", help = "" } } }
    assert.equal("a=1,b=2", options.parse(takes, { "--rate", "a=1,b=2" }).rate)
    for _, words in ipairs { { "--rate", "a=1", "--rate", "b=2" }, { "--rate=", "--rate=b=2" } } do
      told.with_message("--rate is there twice; give a list with commas", options.parse, takes,
        words)
    end
    takes.options[1].arg = "FILES"
    told.with_message("--rate is there twice", options.parse, takes, { "--rate=a", "--rate=b" })
  end)

  it("names the nearest option to an unknown one", function()
    refused("unknown option --dtaa; did you mean --data?", "--dtaa", "x")
    refused("unknown option --dataseed; did you mean --data-seed?", "--dataseed=3")
    refused("unknown option --data_seed; did you mean --data-seed?", "--data_seed=3")
  end)

  it("refuses words that nothing asked for, rather than pass over them", function()
    refused("-q", "--data=x", "-q")
    refused("stray", "--data=x", "stray")
    refused("--", "--data=x", "--")
    local takes = { usage = "", summary = "", options = {}, words = 1 }
    assert.same({ "ml-1m" }, options.parse(takes, { "ml-1m" }))
    assert.is_nil((options.parse(takes, { "ml-1m", "ml-20m" })))
  end)

  it("says what value is missing or wrong", function()
    refused("--data DIR is missing", "--quiet")
    refused("--lr needs a value (X)", "--data=x", "--lr")
    refused("--quiet takes no value", "--data=x", "--quiet=1")
    for _, bad in ipairs { "1.5", "x", "", "1e400", "nan", "0x", "1 2" } do
      refused("--data-seed must be a whole number, not", "--data=x", "--data-seed=" .. bad)
    end
    for _, bad in ipairs { "x", "", "nan", "inf", "1,5", "--quiet" } do
      refused("--lr must be a number, not", "--data=x", "--lr=" .. bad)
    end
    refused("--lr must be a number, not", "--data=x", "--lr=1e999")
  end)
end)

describe("options.help", function()
  it("tells usage, summary, every option and its default, in 80 columns", function()
    local text = options.help(command)
    assert.truthy(text:find("usage: cmml something --data DIR [OPTIONS]", 1, true))
    assert.truthy(text:find("does something", 1, true))
    assert.truthy(text:find("--data-seed N           seed [default: 1]", 1, true), text)
    for _, option in ipairs(command.options) do
      assert.truthy(text:find("--" .. option.name, 1, true))
    end
    local words = 0
    for line in (text .. "\n"):gmatch("(.-)\n") do
      assert.truthy(#line <= 79, line)
      words = words + select(2, line:gsub("word", ""))
    end
    assert.equal(40, words)
  end)
end)

for _, name in ipairs { "train", "evaluate", "recommend", "info", "fetch" } do
  describe("the options of " .. name, function()
    local listed = require("cmml.cli." .. name)

    it("are complete, and none is there twice", function()
      local seen = {}
      for _, option in ipairs(listed.options) do
        assert.is_nil(seen[option.name], option.name)
        seen[option.name] = true
        assert.truthy(option.help and #option.help > 0, option.name)
        assert.truthy(option.kind == "flag" or option.arg, option.name)
        assert.truthy(option.name:find("^[%l-]+$"), option.name)
      end
    end)

    it("fit 80 columns in the help", function()
      for line in (options.help(listed) .. "\n"):gmatch("(.-)\n") do
        assert.truthy(utf8.len(line) <= 80, line)
      end
    end)
  end)
end
