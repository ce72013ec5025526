--- Whether a row of what a node gives depends on the same row of what it reads alone.
--
-- @module cmml.serve.row_by_row
local arguments = require "cmml.serve.arguments"

-- Calls that work so where what they read has as many rows as what they give: true by name.
local calls = {}
for name in ([[neg square sqrt reciprocal pow exp log abs sign step relu leaky_relu sigmoid tanh
  softplus log_sigmoid erf gelu clamp reshape slice concat row_dot linear joined_linear film
  layer_norm gather_rows embedding embedding_bag embedding_fields full pull_scores
  segment_expand]]):gmatch "[a-z_]+" do
  calls[name] = true
end

-- Calls that put what they read side by side from its last dim on: rows are rows only where it has
-- as many dims as what they give.
local broadcasting = {}
for name in ("add sub mul div maximum minimum eq ne lt le gt ge where"):gmatch "[a-z]+" do
  broadcasting[name] = true
end

--- Whether a node works row by row, given that it gives as many rows as it reads.
-- @tparam table node
-- @tparam function is_row of (value): whether its rows are the rows
-- @treturn boolean
return function(node, is_row)
  if not broadcasting[node.call] then
    return calls[node.call] == true
  end
  local own, fits = node.gives[1], true
  for _, argument in ipairs(node.arguments) do
    arguments.each_value(argument, function(value)
      fits = fits and (not is_row(value) or #value.sizes == #own.sizes
        and value.sizes[1] == own.sizes[1] and value.others[1] == own.others[1])
    end)
  end
  return fits
end
