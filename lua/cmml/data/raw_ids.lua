--- Raw ids in calls: what the rule of ids refuses (see csrc/data/vocab.h) is told with its place.
--
-- @module cmml.data.raw_ids
local args = require "cmml.base.args"
local raise = args.error

local raw_ids = {}

local function call(name, vocab, raw, level, place, ...)
  local ok, row = pcall(vocab[name], vocab, raw)
  if not ok then -- in front of the problem stand position and function, which tell the user nothing
    local problem = tostring(row):match("^.-%f[A-Za-z]" .. name .. ": (.*)$") or tostring(row)
    raise(("%s: %s"):format(place:format(...), problem), level + 2)
  end
  return row
end

--- The row of a raw id, which is added if it is new.
-- @tparam Vocab vocab
-- @param raw
-- @tparam integer level of the error
-- @tparam string place for the message, a format of string.format
-- @param ... what the format has places for
-- @treturn integer
function raw_ids.add(vocab, raw, level, place, ...)
  local row = call("add", vocab, raw, level, place, ...)
  return row
end

--- The row of a raw id.
-- @tparam Vocab|Side vocab
-- @param raw
-- @tparam integer level of the error where it is no id
-- @tparam string place for the message, a format of string.format
-- @param ... what the format has places for
-- @treturn ?integer nil if it is not known
function raw_ids.find(vocab, raw, level, place, ...)
  local row = call("id", vocab, raw, level, place, ...)
  return row
end

return raw_ids
