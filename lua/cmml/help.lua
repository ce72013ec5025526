--- Help in the interpreter.
--
-- What it says stands in reference.txt beside this file, which the build writes: a block for every
-- function, class and method, headed by "## " and the names that it answers to. The file is read
-- anew at each call, so that a program that never asks holds none of it.
--
-- @module cmml
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"
local wrap = require("cmml.base.text").wrap

local function read_reference()
  local here = package.searchpath("cmml.help", package.path)
  local file = here and io.open((here:gsub("help%.lua$", "reference.txt")), "rb")
  if not file then
    error("help: the file reference.txt, which the build writes, is not beside the library's Lua "
      .. "files: in a checkout run make, else install the library again", 3)
  end
  local text = file:read "a"
  file:close()
  return text
end

-- "cmml.nn.linear", "nn.linear" and "linear" ask for the same; so do "Tensor:sum" and "Tensor.sum".
local function last_part(name)
  return name:match "[^.:]+$" or name
end

-- The blocks whose whole name this is; if there are none, those whose last part it is. All last
-- parts are returned as well, and the names of what is in a table of this name.
local function find(text, name)
  local wanted = name:gsub("^cmml[.:]", ""):gsub(":", ".")
  local whole, parts, known, seen, inside = {}, {}, {}, {}, {}
  for names, body in (text .. "\n#"):gmatch "## ([^\n]*)\n(.-)\n+%f[#]" do
    for key in names:gmatch "%S+" do
      local last = last_part(key)
      if key:gsub(":", ".") == wanted then
        whole[#whole + 1] = body
      elseif last == name and parts[#parts] ~= body then
        parts[#parts + 1] = body
      end
      if key:sub(1, #wanted + 1) == wanted .. "." then
        inside[#inside + 1] = key
      end
      if not seen[last] then
        known[#known + 1], seen[last] = last, true
      end
    end
  end
  return #whole > 0 and whole or parts, known, inside
end

return function(cmml)
  --- Prints what a function, class or method does, with its arguments, shapes and defaults.
  -- @tparam[opt] string name "matmul", "nn.linear", "Tensor", "Recommender:adapt"; the last part of
  -- a name is enough. Of a table, such as "metrics": what is in it. Without a name: what there is
  function cmml.help(name)
    local text = read_reference()
    if name == nil then
      print((text:match "^## \n(.-)\n\n## "))
      return
    end
    local blocks, known, inside = find(text, plain.tostring(name))
    if #blocks > 0 then
      print(table.concat(blocks, "\n\n"))
    elseif #inside > 0 then
      print(wrap(("in cmml.%s: %s"):format(name:gsub("^cmml[.:]", ""),
        table.concat(inside, ", ")), 2, 79))
    else
      local near = args.nearest(last_part(plain.tostring(name)), known)
      print(("there is no %s; %scmml.help() shows what there is"):format(args.shown(name),
        near and ("did you mean %s? "):format(near) or ""))
    end
  end
end
