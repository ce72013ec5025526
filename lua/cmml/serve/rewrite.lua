--- Exact rewrites of graphs: what is computed stays the same but for the rounding of its last
-- digits.
--
-- The functions that are traced work for any number of tasks; a frozen graph has one. Which task a
-- row belongs to then says nothing, and what is repeated on every row of the task need not be. What
-- follows from constants is one, what is computed twice is computed once, and a layer whose inputs
-- are joined of parts is one for each of them: that of the item can be computed once a catalogue,
-- that of the person once a person.
--
-- Every value gets a level, which says what it depends on: "constant", "task" (the support), "item"
-- (each row on the item of that row alone) or "pair"; and a value of the task `of_items` where each
-- of its rows depends on the item of the same row of the support alone.
--
-- @module cmml.serve.rewrite
local arguments = require "cmml.serve.arguments"
local row_by_row = require "cmml.serve.row_by_row"

return function(_, use)
  local graph = use "serve.graph"
  local prune = use "serve.prune"
  local rules = use "serve.rules"
  local rewrite = {}

  --- What writes a graph anew, node by node.
  -- @tfield table row by value the value of one row that each of its rows is
  -- @tfield table filled by value the number that each of its numbers is
  local Rewriter = { __name = "cmml.Rewriter" }
  Rewriter.__index = Rewriter

  local joined = {
    constant = { constant = "constant", task = "task", item = "item", pair = "pair" },
    task = { constant = "task", task = "task", item = "pair", pair = "pair" },
    item = { constant = "item", task = "pair", item = "item", pair = "pair" },
    pair = { constant = "pair", task = "pair", item = "pair", pair = "pair" } }

  -- The level of what a node gives, whose sizes are known.
  local function level_of(node)
    local level, rows = "constant", nil
    for _, argument in ipairs(node.arguments) do
      graph.each_value(argument, function(value)
        level = joined[level][value.level]
        rows = value.level == "item" and value or rows
      end)
    end
    if level ~= "item" then
      return level
    end
    local own = node.gives[1]
    local n, m = rows.sizes[rows.kind == "segments" and 2 or 1],
      rows.others[rows.kind == "segments" and 2 or 1]
    local keeps = #node.gives == 1 and own.sizes[1] == n and own.others[1] == m
      and row_by_row(node, function(value)
        return value.level == "item"
      end)
    return keeps and "item" or "pair"
  end

  -- Whether each row of what a node gives is of the item of the same row of the support, and of
  -- nothing else.
  local function is_of_items(self, node)
    local own, alone = node.gives[1], #node.gives == 1 and row_by_row(node, function(value)
      return value.of_items
    end)
    for _, argument in ipairs(node.arguments) do
      graph.each_value(argument, function(value)
        alone = alone and (value.level == "constant" or value.of_items == true)
      end)
    end
    return alone and self.support and own.sizes[1] == self.support.sizes[1]
      and own.others[1] == self.support.others[1] or nil
  end

  --- Puts a node at the end, unless one is there that gives the same.
  -- @tparam table node
  -- @treturn table the values that it, or the other one, gives
  function Rewriter:put(node)
    local words = { node.call, node.late and "late" or "" }
    for i, argument in ipairs(node.arguments) do
      words[i + 2] = arguments.key(argument, function(value)
        self.number[value] = self.number[value] or self.last + 1
        self.last = math.max(self.last, self.number[value])
        return self.number[value]
      end)
    end
    local key = table.concat(words, " ")
    if self.known[key] then
      return self.known[key].gives
    end
    for _, value in ipairs(node.gives) do
      value.node, value.level = node, level_of(node)
    end
    node.gives[1].of_items = node.gives[1].level == "task" and is_of_items(self, node) or nil
    if node.gives[1].level == "constant" then
      for i, object in ipairs(graph.results_of(node, function(value)
        return value.constant
      end)) do
        node.gives[i] = graph.constant(object)
        node.gives[i].level = "constant"
      end
    else
      self.nodes[#self.nodes + 1] = node
    end
    self.known[key] = node
    return node.gives
  end

  --- The value that a call gives, of a node that a rule makes.
  -- @tparam table like the node in whose place it stands
  -- @tparam string name of the call
  -- @tparam table given its arguments
  -- @tparam {integer,...} sizes in the first trace
  -- @tparam ?{integer,...} others those in the second; default: the same
  -- @treturn table value
  function Rewriter:call(like, name, given, sizes, others)
    return self:put({ call = name, arguments = given, late = like.late,
      gives = { { kind = "tensor", sizes = sizes, others = others or sizes } } })[1]
  end

  --- An argument in which values stand for what they were rewritten to.
  -- @param argument
  -- @return argument
  function Rewriter:replaced(argument)
    local function now(value)
      if value.constant and not value.level then
        value.level = "constant"
      end
      return self.now[value] or value
    end
    return arguments.mapped(argument, now, function(size)
      local value = size.size
      local is_items = value.input == "segments" and size.dim == 2
      return { size = is_items and self.items or now(value), dim = is_items and 1 or size.dim,
        times = size.times, plus = size.plus }
    end)
  end

  -- The level of an input, by its name.
  local function level_of_input(name)
    return (name == "items" or name == "segments") and "item" or "task"
  end

  --- A graph that computes the same with less.
  -- @tparam table of a graph: inputs whose names are items and segments say what is to be scored,
  -- all others are of the support
  -- @treturn table graph; every value of it has a level
  function rewrite.of(of)
    local self = setmetatable({ nodes = {}, known = {}, number = {}, last = 0, now = {}, row = {},
      filled = {} }, Rewriter)
    for _, input in ipairs(of.inputs) do
      input.level = level_of_input(input.input)
      self.items = input.input == "items" and input or self.items
      if input.input == "support.items" then
        self.support, input.of_items = input, true
      end
    end
    for _, node in ipairs(of.nodes) do
      local own = { call = node.call, late = node.late, arguments = {}, gives = {} }
      for i, argument in ipairs(node.arguments) do
        own.arguments[i] = self:replaced(argument)
      end
      for i, value in ipairs(node.gives) do
        own.gives[i] = { kind = value.kind, sizes = value.sizes, others = value.others }
      end
      local rule = rules[own.call]
      local instead = rule and rule(self, own)
      local gives = instead and { instead } or self:put(own)
      for i, value in ipairs(node.gives) do
        self.now[value] = gives[i]
        for _, kept in ipairs { "row", "filled" } do
          self[kept][gives[i]] = self[kept][own.gives[i]] or self[kept][gives[i]]
        end
        gives[i].is_zeros = gives[i].is_zeros or own.gives[i].is_zeros
      end
    end
    local outputs = {}
    for i, output in ipairs(of.outputs) do
      outputs[i] = { name = output.name, value = self:replaced({ value = output.value }).value }
    end
    return { inputs = of.inputs, nodes = prune.of(self.nodes, outputs), outputs = outputs }
  end

  return rewrite
end
