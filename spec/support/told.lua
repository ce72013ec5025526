--- What each user did, in order, as text: "anna: pot tea; ben: pot".
-- @tparam SequenceData data
-- @treturn string
return function(data)
  local lines, at, items = {}, 0, data.sequences.items:totable()
  for row, length in ipairs(data.sequences.users:totable()) do
    local list = {}
    for i = 1, length do
      list[i] = data.items:text(items[at + i])
    end
    lines[row], at = data.users:text(row) .. ": " .. table.concat(list, " "), at + length
  end
  return table.concat(lines, "; ")
end
