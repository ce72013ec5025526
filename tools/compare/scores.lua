--- What a model predicts, to the last bit: `lua5.4 scores.lua MODEL USER [USER=ITEM..]` adapts a
-- model of scenarios, `lua5.4 scores.lua MODEL "" [ITEM=RATING..]` one of users' ratings; it prints
-- items and scores in hexadecimal, best first.
local cmml = require "cmml"

local model, user = assert(cmml.load(arg[1])), arg[2]
local support = {}
for i = 3, #arg do
  local left, right = arg[i]:match "^(.-)=(.*)$"
  support[i - 2] = user == "" and { left, tonumber(right) } or { left, right, 1 }
end
for _, entry in ipairs(model:adapt(support):recommend { user = user ~= "" and user or nil,
  n = 1000 }) do
  print(entry.item, ("%a"):format(entry.score))
end
