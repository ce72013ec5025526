-- doc/serving.md and doc/security.md: their programs run as they stand there, in Lua, C, C++ and
-- Python, and what they say of limits, kinds and names is so.
local cmml = require "cmml"
local compiled = require "spec.support.compiled"
local docs = require "spec.support.docs"
local temporary = require "spec.support.temporary"
local page = "doc/serving.md"

local header = docs.read "include/cmml.h"

describe("serving", function()
  local folder = temporary.folder()

  -- What pkg-config says of an installed library, said of this one.
  local here = compiled.run "pwd":match "[^\n]+"
  local build = compiled.library():match "^(.*)/"
  build = build:sub(1, 1) == "/" and build or here .. "/" .. build
  temporary.write(folder, "cmml.pc", (docs.read("csrc/predict/cmml.pc.in"):gsub("@(%u+)@", {
    PREFIX = "/none", LIBDIR = build, INCLUDEDIR = here .. "/include", VERSION = "0.1.0",
    LIBS = "-lopenblas -lm -pthread" })))
  local faults, checked, shell = docs.run_page(page,
    ("PKG_CONFIG_PATH='%s' LD_LIBRARY_PATH='%s'"):format(folder, build))
  temporary.remove(folder)

  it("is what the page's program prints", function()
    assert.same({}, faults)
    assert.is_true(checked >= 10, checked)
  end)

  it("works in C, C++ and Python as the page has them", function()
    local outputs = {}
    for _, run in ipairs(shell) do
      assert(run.ok, run.line .. ": " .. run.output)
      outputs[run.line:match "^%S+"] = run.output
    end
    local count = 0
    for item, score in outputs["./serve"]:gmatch "(%d+) ([%d.]+)\n" do
      count = count + 1
      assert.is_true(tonumber(item) < 300 and tonumber(score) > 1, outputs["./serve"])
    end
    assert.equal(3, count)
    assert.matches("^[%d.]+\n[%d.]+\n[%d.]+\n$", outputs["./serve_cpp"])
    assert.equal("300 items\n", outputs.python3)
  end)

  it("has the limits that the page lists, and no other", function()
    local listed, declared = {}, {}
    assert(cmml.predictor) -- what is loaded late declares its options then
    for name, default in docs.read(page):gmatch "\n| `(%l+)` | ([%d^]+) |" do
      local power = tonumber(default:match "^2%^(%d+)$")
      listed[name] = power and 1 << power or tonumber(default)
      assert.equal(default, header:match(name .. ";[^\n]* default ([%d^]+)"))
    end
    for _, option in ipairs(require("cmml.base.options").registered().predictor.list) do
      declared[option.name] = option.default
    end
    assert.same(declared, listed)
  end)

  it("is refused for the kinds of users and sequences that the page lists, and no other", function()
    local listed, refused = {}, {}
    local kinds = docs.read(page):match "\n| kind | why |\n(.-)\n\n" or "" -- none, some day
    for names in kinds:gmatch "\n| ([^|]+) |" do
      for name in names:gmatch "`([^`]+)`" do
        listed[name] = true
      end
    end
    local data = assert(cmml.cold_users(assert(cmml.movielens "data/made")))
    for _, class in ipairs(cmml.kinds.list "users") do
      local model = cmml.recommenders[class.kind](data.catalogue)
      if model.fit then
        model:fit(model.setting.learnable(data))
      end
      if model.prepare then
        model:prepare { ratings = data.ratings, train = data.train }
      end
      refused[class.kind] = not pcall(cmml.freeze, model) or nil
    end
    local split = assert(cmml.sequences.split(cmml.settings:get("sequences").made()))
    for _, class in ipairs(cmml.kinds.list "sequences") do
      local brief = class.kind == "mml" and { learner_options = { width = 4, inner = 4 },
        learner_training = { epochs = 1 } } or {}
      local model = cmml.recommenders[class.kind](split.catalogue, brief)
      if model.fit then
        cmml.fit(model, split)
      end
      if not class.part then -- which stands in no file alone
        refused[class.kind] = not pcall(cmml.freeze, model) or nil
      end
    end
    assert.same(refused, listed)
  end)

  it("names functions, statuses and types that the header has", function()
    local count = 0
    for _, path in ipairs { page, "doc/security.md" } do
      for name in docs.read(path):gmatch "%f[%w_]cmml_[%w_]+" do
        count = count + 1
        assert.truthy(cmml.recommenders[name] or header:find("%f[%w_]" .. name .. "%f[^%w_]"),
          path .. ": " .. name)
      end
    end
    assert.is_true(count >= 20, count)
  end)
end)
