--- Model files with frozen graphs, taken apart and put together again, however wrong.
local archive = require "spec.fuzz.models.archive"
local core = require "cmml.core"

local graph_files = {}

--- A file taken apart.
-- @tparam string bytes
-- @treturn table what `archive.parse` gives, without the graph
-- @treturn table the graph, as plain tables
function graph_files.parse(bytes)
  local parsed, graph = archive.parse(bytes), nil
  for i, pair in ipairs(parsed.metadata.object) do
    if pair[1] == "graph" then
      graph = assert(core.json_decode(pair[2]))
      table.remove(parsed.metadata.object, i)
      break
    end
  end
  return parsed, assert(graph)
end

--- A file with another graph, for `archive.bytes`.
-- @tparam table parsed
-- @tparam table|string graph plain tables, of which empty ones are lists, or a text
-- @treturn table
function graph_files.with(parsed, graph)
  local text = type(graph) == "string" and graph or archive.encode(archive.ordered(graph))
  return { entries = parsed.entries, config = parsed.config,
    metadata = { object = { { "graph", text }, table.unpack(parsed.metadata.object) } } }
end

--- Ids that all belong in one slot of a table by the hash of csrc/base/hash.h.
-- @tparam integer n how many
-- @tparam integer slots a power of two
-- @treturn table
function graph_files.crowded_ids(n, slots)
  local prime, mask = 0x100000001b3, slots - 1
  local ids = {}
  for prefix = 1, math.maxinteger do
    local text, hash = ("%d"):format(prefix), 0xcbf29ce484222325
    for at = 1, #text do
      hash = (hash ~ text:byte(at)) * prime
    end
    for a = 33, 126 do
      for b = 33, 126 do
        if ((hash ~ a) * prime ~ b) * prime & mask == 7 then
          ids[#ids + 1] = text .. string.char(a, b)
          if #ids == n then
            return ids
          end
        end
      end
    end
  end
end

return graph_files
