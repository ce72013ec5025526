--- The records of a CSV text, by a reader of its own.
-- @tparam string text
-- @treturn table list of records, by head
-- @treturn table list of heads
return function(text)
  local rows, row, at = {}, {}, 1
  while at <= #text do
    local value
    if text:sub(at, at) == '"' then
      local stop = at + 1
      while text:sub(stop, stop) ~= '"' or text:sub(stop + 1, stop + 1) == '"' do
        stop = stop + (text:sub(stop, stop) == '"' and 2 or 1)
      end
      value, at = text:sub(at + 1, stop - 1):gsub('""', '"'), stop + 1
    else
      value = text:match("^[^,\r\n]*", at)
      at = at + #value
    end
    row[#row + 1] = value
    if text:sub(at, at) == "," then
      at = at + 1
      if text:sub(at, at + 1) == "\r\n" then
        row[#row + 1] = ""
      end
    end
    if text:sub(at, at + 1) == "\r\n" then
      rows[#rows + 1], row, at = row, {}, at + 2
    end
  end
  local heads, list = table.remove(rows, 1), {}
  for i, fields in ipairs(rows) do
    assert(#heads == #fields, text)
    list[i] = {}
    for c, head in ipairs(heads) do
      list[i][head] = fields[c]
    end
  end
  return list, heads
end
