-- No code but a setting's own knows a setting by name, and none but the recommenders' a kind:
-- outside of lua/cmml/settings (lua/cmml/recommenders) no comparison with such a name. The names
-- are those that the library registers.
package.path = "./tools/?.lua;./lua/?.lua;./lua/?/init.lua;" .. package.path
local gate = require "gate"
local cmml = require "cmml"

-- By name: what it is the name of, and the folder whose code may compare with it.
local owners = {}
for name in cmml.settings:each() do
  owners[name] = { "setting", "^lua/cmml/settings/" }
end
for _, name in ipairs(cmml.kinds.names()) do
  owners[name] = { "kind of recommender", "^lua/cmml/recommenders/" }
end

local function check(place, path, name)
  local owner = owners[name]
  if owner and not path:find(owner[2]) then
    gate.report(place, ("compares with %q, the name of a %s: ask the %s instead"):format(name,
      owner[1], owner[1]:match "^%a+"))
  end
end

local files = gate.files("lua/cmml bin", ".lua", "cmml")
for _, path in ipairs(files) do
  for number, line in ipairs(gate.lines(path)) do
    local place, code = path .. ":" .. number, line:gsub("%-%-.*$", "")
    for name in code:gmatch "[=~]=%s*[\"']([%w_-]*)[\"']" do
      check(place, path, name)
    end
    for name in code:gmatch "[\"']([%w_-]*)[\"']%s*[=~]=" do
      check(place, path, name)
    end
  end
end
gate.finish("names", #files, "files")
