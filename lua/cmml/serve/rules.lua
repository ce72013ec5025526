--- Rules by which graphs are written with less: what repeats on every row is not written out.
--
-- A rule is of (rewriter, node) and gives a value in place of what the node gives, or nil. It may
-- change the arguments of the node, and note of what it gives that each of its rows is the row of
-- another value (`rewriter.row`) or each of its numbers a number (`rewriter.filled`).
--
-- @module cmml.serve.rules
local values = require "cmml.serve.values"
local is_one_row, is_one_task, value_of = values.is_one_row, values.is_one_task, values.of
local same_sizes = values.same_sizes

-- Elementwise calls of two.
local binary = { "add", "sub", "mul", "div", "maximum", "minimum", "eq", "ne", "lt", "le", "gt",
  "ge" }

return function(_, use)
  local rules = use "serve.layer_rules"


  function rules.gather_rows(self, node)
    local x, ids = value_of(node.arguments[1]), value_of(node.arguments[2])
    if is_one_row(x) and ids.is_zeros then
      self.row[node.gives[1]] = x
    end
  end

  function rules.segment_expand(self, node)
    self.row[node.gives[1]] = is_one_task(value_of(node.arguments[2]))
      and value_of(node.arguments[1]) or nil
  end

  rules["Segments:groups"] = function(_, node)
    node.gives[1].is_zeros = is_one_task(value_of(node.arguments[1])) or nil
  end

  function rules.full(self, node)
    self.filled[node.gives[1]] = node.arguments[2]
  end

  function rules.reshape(self, node)
    local row, shape = self.row[value_of(node.arguments[1])], node.arguments[2].list
    local own = node.gives[1]
    if row and shape[1] == -1 and own.sizes[1] == value_of(node.arguments[1]).sizes[1] then
      local sizes = table.move(own.sizes, 2, #own.sizes, 2, { 1 })
      self.row[own] = self:call(node, "reshape", { { value = row }, node.arguments[2] }, sizes)
    end
  end

  -- A number that a side of a binary call is, or nil.
  local function number_of(self, argument, other)
    local value, beside = value_of(argument), value_of(other)
    if not value then
      return type(argument) == "number" and argument or nil
    end
    local filled = self.filled[value]
    return filled and beside and same_sizes(value, beside) and filled or nil
  end

  -- What repeats is not written out, and nothing is done with a 0 or a 1 that changes nothing.
  local function rule_of_binary(self, node)
    local sides, own = node.arguments, node.gives[1]
    for i = 1, 2 do
      sides[i] = number_of(self, sides[i], sides[3 - i]) or sides[i]
    end
    if (node.call == "add" or node.call == "sub") and sides[2] == 0
      or (node.call == "mul" or node.call == "div") and sides[2] == 1 then
      return value_of(sides[1])
    end
    local rows, repeats = {}, true
    for i = 1, 2 do
      local value = value_of(sides[i])
      rows[i] = value and self.row[value]
      repeats = repeats and (not value or rows[i] ~= nil)
    end
    if repeats and #own.sizes > 0 then
      local one = {}
      for i = 1, 2 do
        one[i] = rows[i] and { value = rows[i] } or sides[i]
      end
      self.row[own] = self:call(node, node.call, one, table.move(own.sizes, 2, #own.sizes, 2,
        { 1 }))
      return nil
    end
    for i = 1, 2 do
      local other = value_of(sides[3 - i])
      if rows[i] and #other.sizes == #rows[i].sizes and other.sizes[1] == own.sizes[1]
        and other.others[1] == own.others[1] then
        sides[i] = { value = rows[i] }
      end
    end
  end
  for _, name in ipairs(binary) do
    rules[name] = rule_of_binary
  end

  -- A product with the same row is a linear map to one number.
  function rules.row_dot(self, node)
    local a, b = value_of(node.arguments[1]), value_of(node.arguments[2])
    if self.row[a] then
      a, b = b, a
    end
    local row = self.row[b]
    if row and not self.row[a] and #a.sizes == 2 then
      local column = self:call(node, "linear", { { value = a }, { value = row } },
        { a.sizes[1], 1 }, { a.others[1], 1 })
      return self:call(node, "reshape", { { value = column }, { list = { -1 } } }, { a.sizes[1] },
        { a.others[1] })
    end
  end

  return rules
end
