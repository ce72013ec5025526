-- Options on the command line and in help.
local options = require "cmml.base.options"
local with_message = require("spec.support.refused").with_message

local count = 0

-- A set of a name of its own.
local function declare(...)
  count = count + 1
  local set = options.declare("f" .. count, { ... })
  return set
end

describe("Options:parse", function()
  local set = declare(
    { name = "data", kind = "string", arg = "DIR", required = true, help = "where the data are" },
    { name = "data_seed", kind = "integer", from = -5, default = 1, help = "seed" },
    { name = "lr", kind = "number", above = 0, help = "learning rate" },
    { name = "optimizer", kind = "string", choices = { "adam", "sgd" }, help = "optimizer" },
    { name = "sizes", list = "integer", from = 1, help = "sizes" },
    { name = "shuffle", kind = "boolean", default = true, help = "a fresh order" },
    { name = "schedule", kind = { "table", "string" }, help = "schedule" },
    { name = "on_step", kind = "function", help = "called" },
    { name = "only_lua", kind = "string", line = false, help = "of Lua alone" })

  local function wrong(text, ...)
    with_message(text, set.parse, set, { ... })
  end

  it("takes values behind a blank and behind =, dashes and underscores", function()
    for _, words in ipairs { { "--data", "x y", "--lr", "0.5", "--data-seed", "7" },
      { "--data=x y", "--lr=0.5", "--data_seed=7" } } do
      assert.same({ data = "x y", lr = 0.5, data_seed = 7 }, set:parse(words))
    end
  end)

  it("takes flags, lists, empty values, values with = and values like options", function()
    assert.same({ data = "", shuffle = true }, set:parse { "--shuffle", "--data=" })
    assert.is_false(set:parse({ "--shuffle=false", "--data=" }).shuffle)
    assert.same({ 4, 8 }, set:parse({ "--data=", "--sizes", "4,8" }).sizes)
    assert.equal("a=b", set:parse({ "--data=a=b" }).data)
    assert.equal("--lr", set:parse({ "--data", "--lr" }).data)
    assert.equal(-3, set:parse({ "--data=", "--data-seed", "-3" }).data_seed)
    assert.equal("cosine", set:parse({ "--data=", "--schedule", "cosine" }).schedule)
  end)

  it("gives what `check` takes", function()
    local values = set:parse { "--data", "x", "--sizes", "4,8" }
    assert.same({ data = "x", data_seed = 1, sizes = { 4, 8 }, shuffle = true },
      set:check(values))
  end)

  it("lets the last of several hold, but refuses a second list", function()
    assert.equal("b", set:parse({ "--data", "a", "--data=b" }).data)
    wrong("--sizes is there twice; give a list with commas", "--sizes=4", "--sizes", "8")
  end)

  it("names the nearest option to an unknown one", function()
    wrong("unknown option --dtaa; did you mean --data?", "--dtaa", "x")
    wrong("unknown option --dataseed; did you mean --data-seed?", "--dataseed=3")
    wrong("unknown option --on_step; known: --data, --data-seed,", "--on_step=3")
    wrong("unknown option --only-lua; known:", "--only-lua=3")
  end)

  it("refuses words that nothing asked for, rather than pass over them", function()
    wrong('the word "-q" was not expected', "--data=x", "-q")
    wrong("stray", "--data=x", "stray")
    wrong("--", "--data=x", "--")
    local words = declare { name = "quiet", kind = "boolean", help = "no progress" }
    assert.same({ "ml-1m" }, words:parse({ "ml-1m" }, { words = 1 }))
    assert.is_nil((words:parse({ "ml-1m", "ml-20m" }, { words = 1 })))
  end)

  it("says what value is missing or wrong", function()
    wrong("--data DIR is missing", "--shuffle")
    wrong("--lr needs a value (X)", "--data=x", "--lr")
    wrong('--shuffle must be true or false, not "1"', "--data=x", "--shuffle=1")
    wrong("--lr must be above 0, but is -1", "--data=x", "--lr=-1")
    wrong("--data-seed must be at least -5, but is -6", "--data=x", "--data-seed=-6")
    wrong('--optimizer "adm" is not known; did you mean adam?', "--data=x", "--optimizer", "adm")
    wrong("--sizes entry 2 must be at least 1, but is 0", "--data=x", "--sizes=1,0")
    for _, bad in ipairs { "1.5", "x", "", "1e400", "nan", "0x", "1 2" } do
      wrong("--data-seed must be a whole number, not", "--data=x", "--data-seed=" .. bad)
    end
    for _, bad in ipairs { "x", "", "nan", "inf", "1,5", "--quiet", "1e999" } do
      wrong("--lr must be a number, not", "--data=x", "--lr=" .. bad)
    end
  end)
end)

describe("the help of a set", function()
  local set = declare(
    { name = "data", kind = "string", arg = "DIR", required = true, short = true, group = "data",
      help = "where the data are" },
    { name = "epochs", kind = "integer", default = 30, from = 0, unit = "epochs", short = true,
      group = "optimisation", help = "maximum number of epochs" },
    { name = "lr", kind = "number", above = 0, default_text = "the preset's", short = true,
      group = "optimisation", help = "learning rate" },
    { name = "optimizer", kind = "string", choices = { "adam", "sgd" }, default = "adam",
      group = "optimisation", help = ("word "):rep(40) },
    { name = "a_rather_long_name_of_an_option", kind = "integer", unit = "rows", setting = "users",
      group = "data", help = "a thing" },
    { name = "quiet", kind = "boolean", default = false, help = "no progress" },
    { name = "on_step", kind = "function", help = "called" })

  it("is short by default: the lines of the options that are marked", function()
    assert.same({
      "data:",
      "  --data DIR              where the data are [required]",
      "",
      "optimisation:",
      "  --epochs N              maximum number of epochs [at least 0; default: 30",
      "                          epochs]",
      "  --lr X                  learning rate [above 0; default: the preset's]",
    }, set:help())
  end)

  it("tells all options under their headings, in 80 columns", function()
    local lines = set:help { all = true }
    assert.same({
      "data:",
      "  --data DIR              where the data are [required]",
      "  --a-rather-long-name-of-an-option N",
      "                          a thing [users only; in rows]",
      "",
      "optimisation:",
    }, table.move(lines, 1, 6, 1, {}))
    assert.same({ "", "options:", "  --quiet                 no progress" },
      table.move(lines, #lines - 2, #lines, 1, {}))
    local words = 0
    for _, line in ipairs(lines) do
      assert.truthy(#line <= 79, line)
      words = words + select(2, line:gsub("word", ""))
    end
    assert.equal(40, words)
    for _, line in ipairs(set:help { all = true, width = 60 }) do
      assert.truthy(#line <= 59, line)
    end
  end)

  it("tells a line an option in the interpreter", function()
    assert.same({
      "data: string, required; where the data are",
      "epochs: integer, at least 0, default 30 epochs; maximum number of epochs",
      "lr: number, above 0, default the preset's; learning rate",
    }, table.move(set:lines(), 1, 3, 1, {}))
    assert.same({ "quiet: boolean, default false; no progress", "on_step: function; called" },
      table.move(set:lines(), #set:lines() - 1, #set:lines(), 1, {}))
    for _, line in ipairs(set:lines()) do
      assert.truthy(#line <= 79, line)
    end
  end)
end)
