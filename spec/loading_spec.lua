-- How the library is loaded: what serves at once, the rest with the first name that is asked for.
local child = require "spec.support.child"

local function says(script, expected)
  local text, ok = child.run(script .. "\n")
  assert.is_true(ok, text)
  assert.equal(expected, text)
end

describe("the library", function()
  it("loads what serves alone until another name is asked for", function()
    says([[
local cmml = require "cmml"
local function count()
  local n = 0
  for name in pairs(package.loaded) do
    n = n + (name:find "^cmml" and 1 or 0)
  end
  return n
end
local few = count()
assert(few < 25, few)
assert(cmml.predictor and cmml._VERSION and cmml.core and cmml.nothing_of_the_kind == nil)
assert(count() > 200, count())
print(cmml.nn.linear ~= nil, cmml.loaders ~= nil)]], "true\ttrue\n")
  end)

  it("shows all names to whoever goes through them", function()
    says([[
local n, cmml = 0, require "cmml"
for _ in pairs(cmml) do
  n = n + 1
end
print(n > 100, rawget(cmml, "train") ~= nil)]], "true\ttrue\n")
  end)

  it("is whole after a failure on the way", function()
    says([[
local cmml, own, calls = require "cmml", require, 0
function require(name)
  calls = calls + (name:find "^cmml%.network" and 1 or 0)
  if calls == 5 then
    calls = 6
    error("out of memory", 0)
  end
  return own(name)
end
print(pcall(function()
  return cmml.nn
end))
print(rawget(cmml, "nn"))
print(cmml.nn.linear ~= nil, next(cmml.encoders) ~= nil, cmml.recommenders.ease ~= nil)]],
      "false\tout of memory\nnil\ntrue\ttrue\ttrue\n")
  end)

  it("gives a name of its core in double precision without the rest", function()
    says([[
local cmml = require "cmml"
print(cmml.double.core.info().dtype, cmml.core.info().dtype)]], "float64\tfloat32\n")
  end)
end)
