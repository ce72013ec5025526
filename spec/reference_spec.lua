-- The reference: what cmml.help says, the types for editors, and the gate that keeps both complete.
require "spec.support.close"
local cmml = require "cmml"
local gate = require "spec.support.gate"

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "a"
  file:close()
  return text
end

-- What a call of help prints.
local function help(...)
  local lines, original = {}, print
  _G.print = function(text)
    lines[#lines + 1] = text
  end
  local ok, message = pcall(cmml.help, ...)
  _G.print = original
  assert(ok, message)
  return table.concat(lines, "\n")
end

-- The tables that hold functions, by what stands before the functions' names.
local tables = { [""] = cmml, ["nn."] = cmml.nn, ["optim."] = cmml.optim,
  ["analysis."] = cmml.analysis, ["data."] = cmml.data, ["vectors."] = cmml.vectors,
  ["loaders."] = cmml.loaders, ["metrics."] = cmml.metrics, ["encoders."] = cmml.encoders,
  ["hybrids."] = cmml.hybrids, ["modulations."] = cmml.modulations }

describe("cmml.help", function()
  it("knows every function, and says how it is called", function()
    for prefix, functions in pairs(tables) do
      for name, value in pairs(functions) do
        if type(value) == "function" then
          local text = help(prefix .. name)
          assert.equal(1, text:find("cmml." .. prefix .. name .. "(", 1, true), prefix .. name)
          assert.truthy(text:find "\n  %S", prefix .. name)
        end
      end
    end
  end)

  it("names first what has an example", function()
    local first = help():match "to begin with, each with an example: (.-)\n\n"
    for _, name in ipairs { "train", "evaluate", "load", "Recommender:adapt", "experiment" } do
      assert.truthy((first:gsub("%s+", " ") .. ","):find(" " .. name .. ",", 1, true), name)
      assert.truthy(help(name):find("\n  example\n", 1, true), name)
    end
    assert.falsy(help():find(",:", 1, true))
  end)

  it("has the options of functions that ask the settings for theirs", function()
    local sets = require("cmml.base.options").registered()
    for name, some in pairs { train = { "lr", "short_supports", "watch" },
      tune = { "space", "data", "epochs", "out" },
      experiment = { "seeds", "data", "epochs", "out", "quick", "min_items" } } do
      local text, declared = help(name), {}
      for _, option in ipairs(sets[name]:names()) do
        declared[option] = true
        assert.truthy(text:find("\n      " .. option .. ": ", 1, true), name .. ": " .. option)
      end
      for _, option in ipairs(some) do
        assert.is_true(declared[option], name .. ": " .. option)
      end
    end
  end)

  it("says of an op what its descriptor says", function()
    for name, op in pairs(cmml.core.ops()) do
      local text = help("Tensor:" .. name):gsub("%s+", " ")
      if text:find "there is no" then
        text = help(name):gsub("%s+", " ") -- its first argument is no tensor
      end
      assert.truthy(text:find(op.signature, 1, true), text)
      assert.truthy(text:find((op.doc:gsub("%s+", " ")), 1, true), text)
    end
  end)

  it("knows classes and methods, by their last part, too", function()
    assert.truthy(help "Tensor":find "class Tensor")
    assert.truthy(help "Recommender:adapt":find("unknown: string, one of error,", 1, true))
    assert.equal(help "Adapted:recommend", help "cmml.Adapted.recommend")
    assert.equal(help "Adapted:recommend", help "cmml.Adapted:recommend")
    assert.truthy(help "recommend":find(help "Adapted:recommend", 1, true))
    assert.truthy(help "recommend":find(help "Context:recommend", 1, true))
    assert.equal(help "sum", help "Tensor:sum")
    local both = help "last"
    assert.truthy(both:find "Gru:last" and both:find "Lstm:last")
  end)

  it("lists everything by subject if it is not asked for anything", function()
    local text = help()
    for prefix, functions in pairs(tables) do
      for name, value in pairs(functions) do
        if type(value) == "function" then
          assert.truthy(text:find("%f[%w_.]" .. (prefix .. name):gsub("%.", "%%.") .. "%f[^%w_.]"),
            name)
        end
      end
    end
  end)

  it("names the nearest to what is not there, if any is near", function()
    assert.equal("there is no matmull; did you mean matmul? cmml.help() shows what there is",
      help "matmull")
    assert.equal("there is no 17; cmml.help() shows what there is", help(17))
  end)

  it("lists what is in a table", function()
    local text = help "metrics":gsub("%s+", " ")
    assert.matches("^in cmml%.metrics: .*metrics%.find, ", text)
    assert.equal(help "metrics", help "cmml.metrics")
    assert.is_nil(text:find("vectors.", 1, true))
  end)

  it("says of a kind what each of its settings takes", function()
    local text = help("recommenders.cmml"):gsub("%s+", " "):match " options: table (.*)$"
    local scenarios, users = text:match " for scenarios[^:]*:(.*) for ratings of users:(.*)$"
    assert.matches("loss: string, one of bpr, hinge, softmax,", scenarios)
    assert.matches("loss: string, one of squared, absolute,", users)
    assert.matches("preset: string, default \"recommended\";", users)
    assert.is_nil(users:find("encoder_widths", 1, true)) -- which both have, and stands before them
    assert.is_nil(scenarios:find("encoder_widths", 1, true))
  end)

  it("fits into 80 columns", function()
    for line in read "lua/cmml/reference.txt":gmatch "[^\n]+" do
      assert.truthy(#line <= 80 or line:find "^## " or line:find "^%S+%(", line)
    end
  end)
end)

describe("types/cmml.d.lua", function()
  local text = read "types/cmml.d.lua"
  local types = assert(load(text, "@types/cmml.d.lua", "t"))()

  it("has the functions of the library, and no others", function()
    for prefix, functions in pairs(tables) do
      local typed = prefix == "" and types or types[prefix:sub(1, -2)]
      for name, value in pairs(functions) do
        assert.equal(type(value) == "function", type(typed[name]) == "function", prefix .. name)
      end
      for name, value in pairs(typed) do
        assert.equal(type(value), type(functions[name]), prefix .. name)
      end
    end
  end)

  it("has the methods of a tensor", function()
    local x, count = cmml.zeros { 2 }, 0
    for name in text:gmatch "\nfunction class_Tensor:([%w_]+)" do
      assert.equal("function", type(x[name]), name)
      count = count + 1
    end
    assert.truthy(count > 60)
    for _, name in ipairs { "shape", "ndim", "count", "dtype", "tracked" } do
      assert.truthy(text:find("---@field " .. name .. " ", 1, true), name)
      assert.not_nil(x[name])
    end
    assert.truthy(text:find("---@operator mul(cmml.Tensor|number): cmml.Tensor", 1, true))
  end)

  it("uses no class that it does not declare", function()
    local declared = {}
    for name in text:gmatch "\n%-%-%-@class ([%w_.]+)" do
      declared[name] = true
    end
    for line in text:gmatch "\n%-%-%-@%l+ ([^\n#]+)" do
      for name in line:gmatch "%f[%w_.]cmml%.%u[%w_.]*" do
        assert.truthy(declared[name:gsub("%.$", "")], line)
      end
    end
  end)
end)

describe("the gate of the reference", function()
  local function refused(said, path, change)
    gate.refuses("reference", said, path, change)
  end

  it("misses a function without a comment", function()
    refused("cmml.metrics.hidden (function) has no comment above it",
      "lua/cmml/evaluate/metrics.lua", function(text)
        return (text:gsub("\nend\n$", "\n  function metrics.hidden() end\nend\n"))
      end)
  end)

  it("finds a description of what does not exist", function()
    refused("Vocab:gone does not exist in Lua", "csrc/bind/l_vocab.c", function(text)
      return text .. "\n/*** Nothing.\n * @function Vocab:gone */\n"
    end)
    refused("describes no function of the library", "lua/cmml/evaluate/metrics.lua", function(text)
      return (text:gsub("\nend\n$", "\n  --- Nothing.\n  -- @treturn table\n  local gone\nend\n"))
    end)
  end)

  it("finds parameters and options of which nothing is said", function()
    refused("describes the parameters (inputs, options), but takes (f, inputs, options)",
      "lua/cmml/tensor/gradcheck.lua", function(text)
        return (text:gsub("@tparam function f of", "f is"))
      end)
    refused("LayerNorm:forward: has declared options, but no parameter takes them",
      "lua/cmml/nn/layer_norm.lua", function(text)
        return (text:gsub('declare%("nn.layer_norm"', 'declare("LayerNorm:forward"'))
      end)
  end)

  it("finds types that are none", function()
    refused("LayerNorm:forward: Tensr is no type", "lua/cmml/nn/layer_norm.lua",
      function(text)
        return (text:gsub("@tparam Tensor", "@tparam Tensr"))
      end)
  end)

  it("finds files that are not up to date", function()
    refused("lua/cmml/reference.txt: is not that of the sources", "lua/cmml/nn/layer_norm.lua",
      function(text)
        return (text:gsub("Runs the layer", "Walks the layer"))
      end)
  end)
end)
