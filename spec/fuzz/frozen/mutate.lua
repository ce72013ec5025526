--- Changes of frozen graphs that know what a graph is made of: programs, nodes, places of values,
-- sizes and constants.
local copy = require "spec.support.deep_copy"
local core = require "cmml.core"

--- A function that changes a graph a few times.
-- @tparam function draw of n: a whole number from 1 to n
-- @treturn function of a graph as core.json_decode gives it, giving a changed one; empty tables are
-- lists
return function(draw)
  local function pick(list)
    return list[draw(#list)]
  end

  local calls = { "no_such_op", "", "full", "segments", "Segments:groups", "distinct", "map_ids",
    "Segments:places", "latest_rows", "last_rows", "select_ids", "sparse", "sparse_product",
    "sparse_pair_product", "pick_scores", "pull_scores", "segment_ridge", "neighbour_means",
    "user_neighbour_means", ("x"):rep(100) }
  for name, value in pairs(core) do
    if type(value) == "function" then
      calls[#calls + 1] = name
    end
  end
  table.sort(calls)

  local sizes = { 0, 1, 2, 3, 6, 7, 64, 1000, 65536, 2 ^ 24, 2147483647, 2147483648, 2 ^ 40, 2 ^ 53,
    -1, -2, -7, math.maxinteger, math.mininteger, 0.5, 1e300 }

  local function number()
    local value = pick(sizes)
    return math.tointeger(value) or value
  end

  local function argument()
    return pick {
      function() return { v = draw(40) - 2 } end,
      function() return { c = draw(20) - 2 } end,
      function()
        return { s = draw(20) - 1, d = draw(4) - 1, times = draw(3), plus = draw(3) - 2 }
      end,
      function()
        return { s = draw(20) - 1, d = draw(4) - 1, times = number(), plus = number() }
      end,
      function() return { s = number(), d = number(), times = 1, plus = 0 } end,
      function() return { v = number() } end,
      function() return { c = number() } end,
      number,
      function() return core.json_null end,
      function() return draw(2) == 1 end,
      function() return pick { "tanh", "identity", "softplus", "no_such", "" } end,
      function()
        local list = {}
        for i = 1, draw(8) - 1 do
          list[i] = pick { number, function() return { v = draw(20) - 1 } end,
            function() return { c = draw(9) - 1 } end }()
        end
        return list
      end,
      function() return { rows = { v = draw(9) - 1 }, columns = { v = draw(9) - 1 },
        weights = { v = draw(9) - 1 } } end,
      function() return { v = {}, c = "x" } end,
    }()
  end

  -- All places of a tree: {table, key}.
  local function places(value, list)
    if type(value) == "table" then
      local keys = {}
      for key in pairs(value) do
        keys[#keys + 1] = key
      end
      table.sort(keys, function(a, b)
        return tostring(a) < tostring(b)
      end)
      for _, key in ipairs(keys) do
        list[#list + 1] = { value, key }
        places(value[key], list)
      end
    end
    return list
  end

  -- Some program of the graph.
  local function program_of(graph)
    local found = {}
    for _, part in ipairs(type(graph.parts) == "table" and graph.parts or {}) do
      for _, key in ipairs { "adapt", "rows", "rest", "items", "score", "all" } do
        if type(part) == "table" and type(part[key]) == "table" then
          found[#found + 1] = { part[key], part, key }
        end
      end
    end
    return found[draw(math.max(#found, 1))] or { {}, {}, "adapt" }
  end

  local function node_of(graph)
    local nodes = program_of(graph)[1].nodes
    local node = type(nodes) == "table" and #nodes > 0 and pick(nodes)
    return type(node) == "table" and node or {}
  end

  local changes = {
    function(graph) -- an argument
      local node = node_of(graph)
      local list = node[2]
      if type(list) == "table" then
        list[draw(#list + 1)] = argument()
      end
    end,
    function(graph) -- a number somewhere in a node
      local all = {}
      for _, at in ipairs(places(node_of(graph), {})) do
        all[#all + 1] = math.type(at[1][at[2]]) and at or nil
      end
      if #all > 0 then
        local at = pick(all)
        at[1][at[2]] = draw(2) == 1 and number() or at[1][at[2]] + pick { -1, 1 }
      end
    end,
    function(graph)
      node_of(graph)[1] = pick(calls)
    end,
    function(graph)
      node_of(graph)[3] = pick { 0, 1, 2, 3, 4, -1, 255, 2 ^ 31 }
    end,
    function(graph) -- nodes in another order: some read what stands behind them
      local nodes = program_of(graph)[1].nodes
      if type(nodes) == "table" and #nodes > 1 then
        local i, k = draw(#nodes), draw(#nodes)
        nodes[i], nodes[k] = nodes[k], nodes[i]
      end
    end,
    function(graph) -- a node more, or one less
      local nodes = program_of(graph)[1].nodes
      if type(nodes) == "table" and #nodes > 0 then
        if draw(2) == 1 then
          table.remove(nodes, draw(#nodes))
        else
          table.insert(nodes, draw(#nodes), { pick(calls), { argument(), argument() }, draw(3) })
        end
      end
    end,
    function(graph) -- a node that makes much of little
      local nodes = program_of(graph)[1].nodes
      if type(nodes) == "table" and #nodes > 0 then
        local at = draw(#nodes)
        table.insert(nodes, at, pick {
          { "full", { { number(), number() }, 1 }, 1 },
          { "full", { { { s = 0, d = 0, times = 65536, plus = number() }, 9 }, 1 }, 1 },
          { "expand", { { v = 0 }, { number(), number() } }, 1 },
          { "concat", { { { v = 1 }, { v = 1 }, { v = 1 } }, 1 }, 1 },
          { "segments", { { number(), number() } }, 1 },
        })
      end
    end,
    function(graph) -- what goes out
      local program = program_of(graph)[1]
      local outputs = type(program.outputs) == "table" and program.outputs or {}
      local how = draw(4)
      if how == 1 and #outputs > 0 then
        table.remove(outputs, draw(#outputs))
      elseif how == 2 and #outputs > 0 then
        pick(outputs)[2] = argument()
      elseif how == 3 and #outputs > 0 then
        pick(outputs)[1] = pick { "scores", "state.1", "items.1", "sums.1", "means.1", "steps.1",
          "", "support.items" }
      elseif #outputs > 0 then
        outputs[#outputs + 1] = copy(pick(outputs))
      end
    end,
    function(graph) -- what comes in
      local program = program_of(graph)[1]
      local inputs = type(program.inputs) == "table" and program.inputs or {}
      if #inputs > 0 then
        local at = draw(#inputs)
        inputs[at] = pick { inputs[draw(#inputs)], { "items", "I" }, { "segments", "S" },
          { "support.labels", "t" }, { "support.items", "t" }, { "state.1", "t" },
          { "state.1", "I" }, { "items.1", "t" }, { "sums.1", "t" }, { "nothing", "t" }, 3, {} }
      end
    end,
    function(graph) -- a program gone, twice, or in another's place
      local found, other = program_of(graph), program_of(graph)
      found[2][found[3]] = pick { copy(other[1]), {}, false } or nil
    end,
    function(graph)
      local list = type(graph.constants) == "table" and graph.constants or {}
      if #list > 0 then
        local constant = pick(list)
        if type(constant) == "table" then
          local how = draw(3)
          if how == 1 then
            constant[2] = pick { "t", "I", "S", "M", "", 3 }
          elseif how == 2 and type(pick(list)) == "table" then
            constant[1] = pick(list)[1]
          else
            constant[1] = pick { "catalogue.items.offsets", "catalogue.items.bytes", "nothing" }
          end
        end
      end
    end,
    function(graph)
      graph.ordered = pick { true, false, 1, {} } or nil
    end,
    function(graph) -- one constant many times
      local list = type(graph.constants) == "table" and graph.constants or {}
      for _ = 1, #list > 0 and draw(2000) or 0 do
        list[#list + 1] = list[1]
      end
    end,
    function(graph)
      local part = program_of(graph)[2]
      local key = pick { "sums", "tables" }
      part[key] = pick { {}, { { number(), number() } }, { { "items.1", draw(9) - 1 } }, 3,
        { { 1, 2, 3, 4, 5, 6, 7 } }, part.sums or {} }
    end,
    function(graph) -- what chooses candidates, and what scores for several people
      local part = program_of(graph)[2]
      local retrieval = type(part.retrieval) == "table" and part.retrieval or {}
      if draw(3) == 1 then
        part.joint = pick { true, false, 1 }
      else
        retrieval[pick { "probes", "solve", "vectors" }] = pick { number(), draw(40), nil }
        part.retrieval = pick { retrieval, retrieval, 3, {} }
      end
    end,
    function(graph)
      local key = pick { "version", "hash", "scale", "unlisted", "parts", "constants" }
      graph[key] = pick { 1, 2, {}, "0123456789abcdef", "x", { 1, 5 }, { 5 }, number() }
    end,
    function(graph) -- anything anywhere
      local all = places(graph, {})
      local at, other = pick(all), pick(all)
      at[1][at[2]] = draw(2) == 1 and copy(other[1][other[2]]) or argument()
    end,
  }

  return function(graph)
    local changed = copy(graph)
    for _ = 1, draw(3) == 1 and draw(4) or 1 do
      if next(changed) ~= nil then
        pick(changes)(changed)
      end
    end
    return changed
  end
end
