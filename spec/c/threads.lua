--- What one of several threads does in a Lua state of its own (threads.c): everything that programs
-- do, in both precisions. Gives all that came of it as one text.
local cmml = require "cmml"
local memory_scenarios = require "spec.support.memory_scenarios"
local temporary = require "spec.support.temporary"

local texts = {}
for _, library in ipairs { cmml, cmml.double } do
  local folder = temporary.folder()
  for _ = 1, 2 do
    for _, scenario in ipairs(memory_scenarios(library, folder)) do
      texts[#texts + 1] = scenario[1] .. "\n" .. scenario[2]()
    end
  end
  temporary.remove(folder)
end
-- Bytes may hold zeros, which end a text of C.
return (table.concat(texts, "\n"):gsub("%z", "\\0"))
