--- Graphs without what nothing needs.
--
-- @module cmml.serve.prune
return function(_, use)
  local graph = use "serve.graph"
  local prune = {}

  --- The nodes that outputs need.
  -- @tparam table nodes in order
  -- @tparam table outputs list of {name, value}
  -- @tparam ?table tables values whose field `table` is needed, too
  -- @treturn table list of nodes, in order
  function prune.of(nodes, outputs, tables)
    local is_needed, kept, list = {}, {}, {}
    for _, output in ipairs(outputs) do
      is_needed[output.value] = true
    end
    for _, of_items in ipairs(tables or {}) do
      is_needed[of_items.table] = true
    end
    for i = #nodes, 1, -1 do
      for _, value in ipairs(nodes[i].gives) do
        kept[i] = kept[i] or is_needed[value]
      end
      for _, argument in ipairs(kept[i] and nodes[i].arguments or {}) do
        graph.each_value(argument, function(value)
          is_needed[value] = true
        end)
      end
    end
    for i, node in ipairs(nodes) do
      list[#list + 1] = kept[i] and node or nil
    end
    return list
  end

  return prune
end
