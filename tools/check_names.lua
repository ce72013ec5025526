-- No code but a setting's own knows a setting by name, and none but the recommenders' a kind:
-- outside of lua/cmml/settings (lua/cmml/recommenders) no comparison with such a name, and no table
-- with several of them as its keys. The names are those that the library registers. What tuning
-- has found is data by setting and kind, which no code knows.
package.path = "./tools/?.lua;./lua/?.lua;./lua/?/init.lua;" .. package.path
local gate = require "gate"
local tokens_of = require "lua_tokens"
local cmml = require "cmml"

-- By name: what it is the name of, and the folder whose code may know it.
local owners = {}
for name in cmml.settings:each() do
  owners[name] = { "setting", "^lua/cmml/settings/" }
end
for _, name in ipairs(cmml.kinds.names()) do
  owners[name] = { "kind of recommender", "^lua/cmml/recommenders/" }
end

local tuned = "lua/cmml/recommenders/tuned.lua"

local function check(place, path, name, how)
  local owner = owners[name]
  if owner and path ~= tuned and not path:find(owner[2]) then
    gate.report(place, ("%s %q, the name of a %s: ask the %s instead"):format(how, name,
      owner[1], owner[1]:match "^%a+"))
  end
end

local function is_sign(token, ...)
  for _, text in ipairs { ... } do
    if token and token.kind == "sign" and token.text == text then
      return true
    end
  end
  return false
end

-- Whether the text at a place is compared with, in parentheses or not.
local function is_compared(tokens, at)
  local first, last = at - 1, at + 1
  while is_sign(tokens[first], "(") and is_sign(tokens[last], ")") do
    first, last = first - 1, last + 1
  end
  return is_sign(tokens[first], "==", "~=") or is_sign(tokens[last], "==", "~=")
end

local opens, closes = { ["function"] = true, ["if"] = true, ["do"] = true, ["repeat"] = true,
  ["{"] = true, ["("] = true, ["["] = true }, { ["end"] = true, ["until"] = true, ["}"] = true,
  [")"] = true, ["]"] = true }

local files = gate.files("lua/cmml bin", ".lua", "cmml")
for _, path in ipairs(files) do
  local tokens, around = tokens_of(gate.read(path)), {}
  for at, token in ipairs(tokens) do
    local place, inner = path .. ":" .. token.line, around[#around]
    local is_key = inner and inner.keys and is_sign(tokens[at + 1], "=", "]")
      and is_sign(tokens[at - 1], "{", ",", ";", "[")
    if token.kind == "string" and is_compared(tokens, at) then
      check(place, path, token.text, "compares with")
    elseif is_key and owners[token.text] and (token.kind == "name" or token.kind == "string") then
      local sort = owners[token.text][1]
      inner.keys[sort] = (inner.keys[sort] or 0) + 1
      if inner.keys[sort] == 2 then -- one may be a word like any other
        check(place, path, token.text, "goes by")
      end
    elseif token.kind ~= "string" and opens[token.text] then
      -- the key of ["a"] = .. belongs to the table around it
      around[#around + 1] = token.text == "[" and inner and inner.keys and inner
        or { keys = token.text == "{" and {} or nil }
    elseif token.kind ~= "string" and closes[token.text] then
      around[#around] = nil
    end
  end
end
gate.finish("names", #files, "files")
