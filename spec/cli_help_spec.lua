-- Help of the command line: it fits a terminal, and names what there is.
local cli = require "spec.support.cli"
local cmml = require "cmml"
local help = require "cmml.cli.help"
local main = require "cmml.cli.main"
local options = require "cmml.base.options"
require "spec.support.toy_kinds"

local function lines_of(text)
  local lines = {}
  for line in (text .. "\n"):gmatch "(.-)\n" do
    lines[#lines + 1] = line
  end
  return lines
end

local function page(name, words, all)
  return help.page(cmml.commands:get(name), words or {}, all or false)
end

local function assert_fits(text)
  for _, line in ipairs(lines_of(text)) do
    assert.truthy(utf8.len(line) <= 80, line)
  end
end

-- The options of a set that a command line can give, as it writes them.
local function on_line(set)
  local words = {}
  for declared in set:each() do
    local known = options.of("one", { declared }):help { all = true }
    words[#words + 1] = known[2] and known[2]:match "^  (%-%-[%l%d-]+)" or nil
  end
  return words
end

describe("help", function()
  for _, name in ipairs(cmml.commands:names()) do
    it("of " .. name .. " fits 80 columns, and its examples are command lines", function()
      local short, long = page(name), page(name, {}, true)
      assert_fits(short)
      assert_fits(long)
      assert.equal("usage: cmml " .. name, short:sub(1, 12 + #name))
      local summary = cmml.commands:get(name).summary:gsub("^%l", string.upper)
      assert.truthy(short:gsub("\n", " "):find(summary .. ". ", 1, true), short)
      assert.truthy(#long >= #short)
      for _, word in ipairs(on_line((cmml.commands:get(name).options {}))) do
        local is_shown = long:find("\n  " .. word:gsub("%-", "%%-") .. "%f[\n ]")
        -- what another method or kind has alone is shown with it
        assert.truthy(is_shown or name == "train" or name == "embed", word)
      end
      for _, example in ipairs(cmml.commands:get(name).examples) do
        local words = {}
        for word in example:gmatch "%S+" do
          words[#words + 1] = word
        end
        assert.equal("cmml", table.remove(words, 1))
        local command, message = main.parse(cmml, words)
        assert.equal(name, command and command.name, message)
      end
    end)
  end

  it("of train is one screen of 46 lines with kinds and presets, whatever is chosen", function()
    local choices = { {} }
    for setting in cmml.settings:each() do
      choices[#choices + 1] = { "--setting", setting }
      for _, kind in ipairs(cmml.kinds.names(setting)) do
        choices[#choices + 1] = { "--setting=" .. setting, "--model=" .. kind }
        choices[#choices + 1] = { "--model", kind }
      end
    end
    for _, words in ipairs(choices) do
      local text = page("train", words)
      local what = table.concat(words, " ") .. "\n" .. text
      assert.truthy(#lines_of(text) <= 46, what)
      assert_fits(text)
      for _, heading in ipairs { "data:\n", "model:\n", "training:\n", "kinds for users: ",
        "kinds for scenarios: ", "examples:\n" } do
        assert.truthy(text:find("\n" .. heading, 1, true), what)
      end
      local flat = text:gsub("%s+", " ")
      for _, class in ipairs(cmml.kinds.list()) do
        assert.truthy(class.part or flat:find("%f[%w_]" .. class.kind .. "%f[^%w_]"),
          class.kind .. "\n" .. what)
      end
    end
  end)

  it("names what is chosen among names and is the default, and what has no heading last", function()
    assert.matches("%[lastfm%-hetrec2011, ml%-100k, .-; default: ml%-1m%]", page "fetch")
    local all = page("experiment", {}, true)
    assert.matches("one's own %[default: none%]", (all:gsub("%s+", " "))) -- an empty list
    assert.truthy(all:find("\nrows:\n.*\noptions:\n.*\nexperiments:\n"), all)
  end)

  it("of embed names what the other method takes", function()
    assert.matches("with %-%-method bpr, also: %-%-rate\n", page "embed")
    assert.matches("with %-%-method als, also: %-%-alpha, %-%-steps\n", page("embed",
      { "--method", "bpr" }))
  end)

  it("of train names every preset of the kind", function()
    local flat, all = page("train"):gsub("%s+", " "), page("train", {}, true):gsub("%s+", " ")
    for name in pairs(cmml.presets) do
      local tail = name:match "[^/]+$"
      assert.truthy(all:find(tail, 1, true), name)
      assert.truthy(name:find "/" or flat:find(tail, 1, true), name)
    end
    assert.truthy(flat:find("published-code/.. (", 1, true), flat) -- how many, of many variants
    assert.truthy(flat:find("presets of cmml for users: recommended (default), ", 1, true), flat)
    assert.truthy(flat:find("presets of cmml for scenarios: recommended/scenario (default), ", 1,
      true), flat)
    assert.truthy(page("train", { "--model=toy_inner" }):find("presets of toy_inner", 1, true))
    assert.falsy(page("train", { "--model=item_mean" }):find("presets", 1, true))
  end)

  it("of train tells every option of kind and training that a command line can give", function()
    for name, setting in cmml.settings:each() do
      for _, class in ipairs(cmml.kinds.list(name)) do
        local words = { "--setting", name, "--model", class.kind }
        local text = page("train", words, true)
        assert_fits(text)
        local sets = { class.known, setting.options }
        sets[3] = class.learns == "gradient" and setting.training_options or nil
        for _, set in ipairs(sets) do
          for _, word in ipairs(on_line(set)) do
            assert.truthy(text:find("\n  " .. word .. "%f[\n ]") or text:find("\n  " .. word .. " ",
              1, true), class.kind .. ": " .. word)
          end
        end
        assert.equal(class.learns == "gradient", text:find("\n  --lr ", 1, true) ~= nil)
      end
    end
    local both = page("train", {}, true)
    assert.truthy(both:find("\nmodel, for ratings of users:\n", 1, true), both)
    assert.truthy(both:find("\nmodel, for scenarios (groups of items):\n", 1, true), both)
  end)

  it("is asked for in several ways", function()
    local text, said, code = cli("train", "--help")
    assert.same({ "", 0 }, { said, code })
    for _, words in ipairs { { "help", "train" }, { "train", "-h" }, { "--help", "train" },
      { "train", "--data", "none", "--help" } } do
      assert.equal(text, (cli(table.unpack(words))))
    end
    assert.truthy(text:find("`cmml train --help-all` explains every option.", 1, true))
    local long = cli("train", "--help-all")
    assert.truthy(long:find("=false", 1, true))
    assert.truthy(#long > 2 * #text)
    assert.truthy(cli("embed", "--help", "--method=bpr"):find("\n  --rate X", 1, true))
    assert.falsy(cli("embed", "--help"):find("\n  --rate ", 1, true))
    text, said, code = cli "--help"
    assert.same({ "", 0 }, { said, code })
    assert_fits(text)
    for _, name in ipairs(cmml.commands:names()) do
      assert.truthy(text:find("\n  " .. name .. " ", 1, true), name)
    end
    assert.truthy(text:gsub("%s+", " "):find("short_supports = 0.5", 1, true), text)
  end)

  it("has the names that Lua has", function()
    local set = cmml.commands:get("train").options { "--setting", "users" }
    for word, name in pairs { ["--short-supports=0.5"] = "short_supports", ["--width=3"] = "width",
      ["--data-seed=2"] = "data_seed" } do
      local values = assert(set:parse { "--data=x", "--out=y", word })
      assert.truthy(values[name], name)
      assert.truthy(set:find(name))
    end
  end)

  it("shortens names that are alike up to the last slash", function()
    assert.equal("a, b/c, d/{e, f}, g/h/{i, j}", help.names { "a", "b/c", "d/e", "d/f", "g/h/i",
      "g/h/j" })
  end)
end)
