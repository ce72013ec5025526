--- Rules for layers whose inputs are joined of parts: a layer of each sort of parts for itself, so
-- that what depends on the item alone is computed once a catalogue, and what is the same for all
-- rows once a person.
--
-- @module cmml.serve.layer_rules
local values = require "cmml.serve.values"
local is_one_row, value_of = values.is_one_row, values.of

return function()
  local rules = {}

  -- What a part of a layer's inputs is: item (a value of which each row is the item's), scale (one
  -- row that it is multiplied with, or nil); or row (one row for all); nil where it is neither.
  local function part_of(self, value, ids)
    local row = self.row[value]
    if row or ids and ids.is_zeros and is_one_row(value) then
      return { row = row or value, width = value.sizes[2] }
    elseif ids then
      return nil
    elseif value.level == "item" then
      return { item = value, width = value.sizes[2] }
    end
    local node = value.node
    if node and node.call == "mul" then
      local a, b = value_of(node.arguments[1]), value_of(node.arguments[2])
      if a and b and b.level == "item" then
        a, b = b, a
      end
      if a and b and a.level == "item" and #a.sizes == 2 and #b.sizes == 2 and is_one_row(b)
        and a.sizes[2] == b.sizes[2] then
        return { item = a, scale = b, width = a.sizes[2] }
      end
    end
  end

  -- Values side by side.
  local function beside(self, node, list_)
    local first, list, width = list_[1], {}, 0
    if #list_ == 1 then
      return first
    end
    for i, value in ipairs(list_) do
      list[i], width = { value = value }, width + value.sizes[2]
    end
    return self:call(node, "concat", { { list = list }, 2 }, { first.sizes[1], width },
      { first.others[1], width })
  end

  -- The columns of a weight that belong to parts of one sort: what they read, side by side, the
  -- weight, and the scales; nil where there are no such.
  local function collected(self, node, parts, weight, is_of)
    local read, weights, scales, at = {}, {}, {}, 0
    for _, part in ipairs(parts) do
      if is_of(part) then
        local n = #read + 1
        read[n], scales[n] = part.item or part.row, part.scale
        weights[n] = #parts == 1 and weight or self:call(node, "slice", { { value = weight }, 2,
          at + 1, at + part.width }, { weight.sizes[1], part.width })
      end
      at = at + part.width
    end
    if #read == 0 then
      return nil
    end
    local both = beside(self, node, weights)
    if #scales > 0 then
      both = self:call(node, "mul", { { value = both }, { value = beside(self, node, scales) } },
        both.sizes)
    end
    return beside(self, node, read), both
  end

  -- A layer of parts as layers of each sort of them: of the item, of the item with scales of the
  -- task in the weights, and of what is the same for all rows.
  local function split_layer(self, node, parts, weight, bias, activation)
    local out, own = weight.sizes[1], node.gives[1]
    local function linear(x, w, b, activated)
      return self:call(node, "linear", { { value = x }, { value = w },
        b and { value = b } or { none = true }, activated and activation or "identity" },
        { x.sizes[1], out }, { x.others[1], out })
    end
    local plain, of_plain = collected(self, node, parts, weight, function(part)
      return part.item and not part.scale
    end)
    local scaled, of_scaled = collected(self, node, parts, weight, function(part)
      return part.scale
    end)
    local row, of_row = collected(self, node, parts, weight, function(part)
      return part.row
    end)
    local added = row and self:call(node, "reshape", { { value = linear(row, of_row, bias) },
      { list = { -1 } } }, { out }) or bias
    if not plain then
      return linear(scaled, of_scaled, added, true)
    end
    if not scaled and not row then
      return linear(plain, of_plain, bias, true)
    end
    local sum = self:call(node, "add", { { value = linear(plain, of_plain) },
      { value = scaled and linear(scaled, of_scaled, added) or added } }, own.sizes, own.others)
    return activation and activation ~= "identity" and self:call(node, activation,
      { { value = sum } }, own.sizes, own.others) or sum
  end

  -- Whether splitting gains anything: there is a part of the item beside others, or with a scale.
  local function is_worth(parts)
    local has_item = false
    for _, part in ipairs(parts) do
      has_item = has_item or part.item ~= nil
    end
    return has_item and (#parts > 1 or parts[1].scale ~= nil)
  end

  -- What a part of a layer over the rows of a support is: own (of the item of a row alone), same (a
  -- constant, for all rows), or other.
  local function sort_of(value, ids)
    if value.of_items and not ids then
      return "own"
    end
    return value.level == "constant" and is_one_row(value) and ids and ids.is_zeros and "same"
      or "other"
  end

  -- A layer over the rows of a support as one of the items, which is then computed once a
  -- catalogue, and one of the rest; nil where there are no parts of items alone beside others.
  local function split_support(self, node)
    local parts, weight = {}, value_of(node.arguments[2])
    local tables, others, ids, counts = node.arguments[1].list, {}, {}, { own = 0, same = 0 }
    for i, part in ipairs(tables) do
      local sort = sort_of(part.value, value_of(node.arguments[4 + i]))
      parts[i] = { item = part.value, width = part.value.sizes[2], sort = sort }
      counts[sort] = (counts[sort] or 0) + 1
      if sort == "other" then
        others[#others + 1], ids[#ids + 1] = part, node.arguments[4 + i] or { none = true }
      end
    end
    if counts.own == 0 or #tables == 1 then
      return nil
    end
    local own, out = node.gives[1], weight.sizes[1]
    local function of_sort(sort)
      return collected(self, node, parts, weight, function(part)
        return part.sort == sort
      end)
    end
    local function linear(x, w, b)
      return self:call(node, "linear", { { value = x }, { value = w }, b or { none = true } },
        { x.sizes[1], out }, { x.others[1], out })
    end
    local bias, same, of_same = node.arguments[3] or { none = true }, of_sort "same"
    if same then
      bias = { value = self:call(node, "reshape", { { value = linear(same, of_same, bias) },
        { list = { -1 } } }, { out }) }
    end
    local items, of_items = of_sort "own"
    if #others == 0 and not same then -- the same as of items that are scored
      return self:call(node, "linear", { { value = items }, { value = weight }, bias,
        node.arguments[4] or "identity" }, own.sizes, own.others)
    end
    local sum = linear(items, of_items, #others == 0 and bias or nil)
    if #others > 0 then
      local weights, at = {}, 0
      for _, part in ipairs(parts) do
        if part.sort == "other" then
          weights[#weights + 1] = self:call(node, "slice", { { value = weight }, 2, at + 1,
            at + part.width }, { out, part.width })
        end
        at = at + part.width
      end
      sum = self:call(node, "add", { { value = sum }, { value = self:call(node, "joined_linear",
        { { list = others }, { value = beside(self, node, weights) }, bias, "identity",
          table.unpack(ids) }, own.sizes, own.others) } }, own.sizes, own.others)
    end
    local activation = values.optional(node.arguments[4])
    return activation and activation ~= "identity" and self:call(node, activation,
      { { value = sum } }, own.sizes, own.others) or sum
  end

  function rules.joined_linear(self, node)
    local tables, parts = node.arguments[1].list, {}
    for i, part in ipairs(tables) do
      parts[i] = part_of(self, part.value, value_of(node.arguments[4 + i]))
      if not parts[i] then
        return split_support(self, node)
      end
    end
    return is_worth(parts) and split_layer(self, node, parts, value_of(node.arguments[2]),
      value_of(node.arguments[3]), values.optional(node.arguments[4])) or nil
  end

  function rules.linear(self, node)
    local x = value_of(node.arguments[1])
    local part = #x.sizes == 2 and part_of(self, x)
    return part and is_worth { part } and split_layer(self, node, { part },
      value_of(node.arguments[2]), value_of(node.arguments[3]),
      values.optional(node.arguments[4])) or nil
  end

  return rules
end
