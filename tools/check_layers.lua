-- The layering rule: which folder of csrc may include which, and where the headers of Lua, BLAS and
-- stdio may appear.
package.path = "./tools/?.lua;" .. package.path
local gate = require "gate"

-- A folder includes itself and the folders named here, nothing else.
local may_include = {
  base = "",
  kernels = "base",
  tensor = "base kernels",
  ops = "base kernels tensor",
  autograd = "base kernels tensor ops",
  optim = "base kernels tensor ops autograd",
  cf = "base kernels tensor",
  analysis = "base tensor",
  io = "base",
  data = "base io",
  tasks = "base tensor",
  metrics = "base tensor",
  predict = "base kernels tensor ops cf tasks io",
  bind = "base kernels tensor ops autograd optim io data tasks metrics cf analysis predict",
}

-- The umbrella header stands for every folder of the core, so only who may include them all may
-- include it.
local umbrella = "csrc/core.h"
local may_include_umbrella = { bind = true }
may_include.core = may_include.bind

-- Headers from outside that have one place: patterns of the files that may include them.
local restricted = {
  ["lua.h"] = { "^csrc/bind/" },
  ["lauxlib.h"] = { "^csrc/bind/" },
  ["lualib.h"] = { "^csrc/bind/" },
  ["luaconf.h"] = { "^csrc/bind/" },
  ["locale.h"] = { "^csrc/base/locale%.c$" },
  ["cblas.h"] = { "^csrc/kernels/blas%.c$" },
  ["stdio.h"] = { "^csrc/base/status%.c$", "^csrc/base/sys%.c$", "^csrc/base/file%.c$",
    "^csrc/tensor/print%.c$", "^csrc/io/" },
}

local function matches_any(text, patterns)
  for _, pattern in ipairs(patterns) do
    if text:find(pattern) then
      return true
    end
  end
  return false
end

local function check_own(place, folder, name)
  if "csrc/" .. name == umbrella and may_include_umbrella[folder] then
    return
  end
  local target = name:match "^([^/]+)/"
  local allowed = (" %s %s "):format(folder, may_include[folder])
  if not target then
    gate.report(place, ('#include "%s": name the folder too, as in "base/mem.h"'):format(name))
  elseif not allowed:find((" %s "):format(target), 1, true) then
    gate.report(place, ('#include "%s": %s may include only:%s'):format(name, folder,
      allowed:sub(1, -2)))
  end
end

local files = gate.files("csrc", ".c", ".h", ".def")
for _, path in ipairs(files) do
  local folder = path == umbrella and "core" or path:match "^csrc/([^/]+)/"
  if not folder or not may_include[folder] then
    gate.report(path, "lies in no folder that the layering table knows")
  else
    for number, line in ipairs(gate.lines(path)) do
      local place = path .. ":" .. number
      local own = line:match '^%s*#%s*include%s*"([^"]+)"'
      local system = line:match "^%s*#%s*include%s*<([^>]+)>"
      if own then
        check_own(place, folder, own)
      elseif system and restricted[system] and not matches_any(path, restricted[system]) then
        gate.report(place, ("<%s> has no place here"):format(system))
      elseif not system and line:find "^%s*#%s*include" then
        gate.report(place, "an include that this gate cannot read")
      end
    end
  end
end

gate.finish("layers", #files, "files")
