-- The version stands in csrc/base/config.h; every other place must say the same.
package.path = "./tools/?.lua;" .. package.path
local gate = require "gate"

local config = "csrc/base/config.h"
local version = gate.read(config):match '#define CM_VERSION "(%d+%.%d+%.%d+)"'
local checked = 0

local function expect(place, found, want)
  checked = checked + 1
  if found ~= want then
    gate.report(place, ("says %s, but %s says %s"):format(found or "nothing", config, want))
  end
end

if not version then
  gate.report(config, 'has no #define CM_VERSION "MAJOR.MINOR.PATCH"')
else
  -- The newest entry of the change log is this version's, released or not.
  expect("CHANGELOG.md", gate.read "CHANGELOG.md":match "\n## %[(%d+%.%d+%.%d+)%]", version)

  for _, path in ipairs(gate.files("rockspec", ".rockspec")) do
    local rockspec = {}
    assert(load(gate.read(path), "@" .. path, "t", rockspec))()
    local named = path:match "/cmml%-(.-)%.rockspec$"
    if rockspec.version ~= named then
      gate.report(path, ("its version is %s, its name says %s"):format(rockspec.version, named))
    end
    if not rockspec.version:find "^scm%-" then
      expect(path, rockspec.version:match "^(.*)%-%d+$", version)
    end
  end

  -- A _VERSION written out in the Lua part; one that is taken from the core cannot differ.
  for _, path in ipairs(gate.files("lua", ".lua")) do
    for text in gate.read(path):gmatch '_VERSION%s*=%s*"([^"]*%d[^"]*)"' do
      expect(path, text:match "(%d+%.%d+%.%d+)", version)
    end
  end
end

gate.finish("version", checked, "places")
