--- Adapting row by row: what becomes of a support that grows by an interaction.
--
-- Where all that a support says goes through sums and means over its rows, or from row to row
-- through a recurrent layer, and what a row adds depends on that row alone, the program `adapt` is
-- two: `rows` gives what some new rows add, and `rest` makes the state of what has been added up.
-- One interaction more then costs the same however many there were.
--
-- What passes from one to the other has the names
--
--    sums.N      is added to what was there before
--    means.N     likewise; the mean, over the number of rows, is read
--    steps.N     takes the place of what was there, which `rows` reads, too; zeros at first
--
-- @module cmml.serve.live
local row_by_row = require "cmml.serve.row_by_row"
local value_of = require("cmml.serve.values").of

return function(_, use)
  local graph = use "serve.graph"
  local live = {}

  local Splitter = {}
  Splitter.__index = Splitter

  -- Levels of values: "row" (each row of the same row of the support), a node of distinct (each row
  -- of a distinct value of rows), "matrix" (sparse, of the rows), "padded" (rows one after the
  -- other, as recurrent layers read them), "rest" (of what rows add up to); nil: the same for all.

  -- The levels of what a node reads: the one that there is, false where there are several.
  local function read_level(self, node)
    local level
    for _, argument in ipairs(node.arguments) do
      graph.each_value(argument, function(value)
        local own = self.level[value]
        if own ~= nil then
          level = (level == nil or level == own) and own or false
        end
      end)
    end
    return level
  end

  local function is_support(argument)
    local value = value_of(argument)
    return value ~= nil and value.input == "support.segments"
  end

  -- Rules of calls, of (self, node): the level of what the node gives; false where a support has to
  -- be read as a whole; nil where it is as with any other call.
  local rules = {}

  rules["Segments:groups"] = function(_, node)
    return is_support(node.arguments[1]) and "row" or nil
  end

  function rules.distinct(self, node)
    if self.level[value_of(node.arguments[1])] == "row" then
      self.places[node.gives[2]] = node
      return node
    end
  end

  function rules.gather_rows(self, node)
    local x, ids = value_of(node.arguments[1]), value_of(node.arguments[2])
    local places = self.places[ids]
    if places then
      return self.level[x] == places and "row"
    end
  end

  -- Parts of a row: those of the row itself, of constants, and of distinct values.
  function rules.joined_linear(self, node)
    for i, part in ipairs(node.arguments[1].list) do
      local ids, own = value_of(node.arguments[4 + i]), self.level[part.value]
      local places = self.places[ids]
      local fits = own == "row" and not ids or places and own == places
        or own == nil and ids and ids.is_zeros
      if not fits then
        return nil
      end
    end
    return "row"
  end

  function rules.pad_segments(self, node)
    return self.level[value_of(node.arguments[1])] == "row" and is_support(node.arguments[2])
      and "padded"
  end

  -- One layer alone: of several, each would have to go on where it was.
  function rules.gru(self, node)
    local state = value_of(node.arguments[6])
    return self.level[value_of(node.arguments[1])] == "padded" and state == nil and "stepped"
  end

  function rules.sparse(self, node)
    for i = 1, 3 do
      local value = value_of(node.arguments[i])
      if value and self.level[value] ~= "row" then
        return false
      end
    end
    local one = node.arguments[4] == 1 and not self.entries
    self.entries = self.entries or node.gives[3]
    return one and "matrix"
  end

  -- What rows add up to, by call: of (self, node), they give "sums", "means" or "steps", or nil.
  local adding = {}

  local function adds_rows(kind)
    return function(self, node)
      return self.level[value_of(node.arguments[1])] == "row" and is_support(node.arguments[2])
        and kind or nil
    end
  end
  adding.segment_sum, adding.segment_mean = adds_rows "sums", adds_rows "means"

  function adding.last_step(self, node)
    return self.level[value_of(node.arguments[1])] == "stepped" and "steps" or nil
  end

  function adding.ridge_sums()
    return "sums"
  end

  -- A product with the sparse matrix of one person's rows is linear in them.
  local function adds_products(self, node)
    local fields, fixed = node.arguments[1].fields, true
    graph.each_value(node.arguments[2], function(value)
      fixed = fixed and value.constant ~= nil
    end)
    return fields and self.level[fields.weights.value] == "matrix" and fixed and "sums" or nil
  end
  adding.sparse_product, adding.sparse_pair_product = adds_products, adds_products

  -- Whether what a node gives has a row for each of those that it reads.
  local function keeps_rows(self, node, level)
    local own = node.gives[1]
    local like = level == "row" and self.items or level == "matrix" and self.entries
      or level.gives[1]
    return #node.gives == 1 and own.sizes[1] == like.sizes[1] and own.others[1] == like.others[1]
      and row_by_row(node, function(value)
        return self.level[value] == level
      end)
  end

  -- The level of what a node gives; false where a support has to be read as a whole.
  local function level_of(self, node)
    local rule = rules[node.call]
    local level = rule and rule(self, node)
    if level ~= nil then
      return level
    end
    level = read_level(self, node)
    if level == "row" or level == "matrix" or type(level) == "table" then
      return keeps_rows(self, node, level) and level
    end
    local whole = false
    for _, argument in ipairs(node.arguments) do
      whole = whole or is_support(argument)
    end
    return not whole and (level == nil or level == "rest") and "rest"
  end

  -- A node of `rows` that adds: a mean becomes a sum, and a recurrent layer goes on where it was.
  local function adding_node(self, node, kind)
    if kind == "means" then
      return { call = "segment_sum", arguments = node.arguments, gives = node.gives }
    elseif kind == "steps" then
      local layer = value_of(node.arguments[1]).node
      local place = self.place[layer]
      local before = { kind = "tensor", sizes = node.gives[1].sizes, others = node.gives[1].others }
      local own = table.move(layer.arguments, 1, #layer.arguments, 1, {})
      own[6] = { value = before }
      self.rows[place] = { call = layer.call, arguments = own, gives = layer.gives }
      return node, before
    end
    return node
  end

  -- A ridge regression over the rows in two: their sums, and the weights from these; nil where they
  -- are not of a row each.
  local function split_ridge(self, node)
    local features, rows, targets, segments = table.unpack(node.arguments, 1, 4)
    local level = self.level[value_of(targets)]
    local of_rows = (level == "row" or level == "matrix")
      and (value_of(rows) and self.level[value_of(rows)] == level
        and value_of(features).constant ~= nil
        or not value_of(rows) and self.level[value_of(features)] == level)
      and (is_support(segments) or self.level[value_of(segments)] == "matrix")
    if not of_rows then
      return nil
    end
    local width = node.gives[1].sizes[2]
    local sizes = { 1, width, width + 1 }
    local sums = { kind = "tensor", sizes = sizes, others = sizes, level = "task" }
    sums.node = { call = "ridge_sums", arguments = { features, rows, targets, segments },
      gives = { sums } }
    return sums.node, { call = "ridge_of_sums", arguments = { { value = sums },
      table.unpack(node.arguments, 5) }, gives = node.gives }
  end

  -- Takes a node; false where a support has to be read as a whole.
  local take
  function take(self, node)
    local adds = adding[node.call]
    local kind = adds and adds(self, node)
    if kind then
      local own, before = adding_node(self, node, kind)
      self.rows[#self.rows + 1] = own
      self.added[#self.added + 1] = { kind = kind, value = node.gives[1], before = before }
      self.level[node.gives[1]] = "rest"
      return true
    end
    if node.call == "segment_ridge" then
      local sums, weights = split_ridge(self, node)
      if sums then
        return take(self, sums) and take(self, weights)
      end
    end
    local level = level_of(self, node)
    if not level then
      return false
    end
    local list = level == "rest" and self.rest or self.rows
    list[#list + 1] = node
    self.place[node] = #list
    for _, value in ipairs(node.gives) do
      self.level[value] = not self.places[value] and level or nil
    end
    return true
  end

  -- The values that a program reads and does not make.
  local function inputs_of(nodes, outputs)
    local list, seen = {}, {}
    local function read(value)
      if not value.constant and not seen[value] then
        list[#list + 1], seen[value] = value, true
      end
    end
    for _, node in ipairs(nodes) do
      for _, value in ipairs(node.gives) do
        seen[value] = true
      end
    end
    for _, node in ipairs(nodes) do
      for _, argument in ipairs(node.arguments) do
        graph.each_value(argument, read)
      end
    end
    for _, output in ipairs(outputs) do
      read(output.value)
    end
    return list
  end

  --- The two programs of `adapt`.
  -- @tparam table adapt the program, of a graph with levels
  -- @tparam table names of its inputs and outputs, by value
  -- @treturn ?table the program rows; nil where a support has to be read as a whole
  -- @treturn ?table the program rest
  -- @treturn ?table names of both: what passes between them has others than outside
  function live.of(adapt, names)
    local self = setmetatable({ level = {}, places = {}, place = {}, rows = {}, rest = {},
      added = {} }, Splitter)
    for _, value in ipairs(adapt.inputs) do
      local row = value.input == "support.items" or value.input == "support.labels"
      self.level[value] = row and "row" or nil
      self.items = value.input == "support.items" and value or self.items
    end
    if not self.items then
      return nil
    end
    for _, node in ipairs(adapt.nodes) do
      if not take(self, node) then
        return nil
      end
    end
    for _, output in ipairs(adapt.outputs) do
      if self.level[output.value] ~= "rest" and not output.value.constant then
        return nil
      end
    end
    local outputs, own = {}, setmetatable({}, { __index = names })
    for i, added in ipairs(self.added) do
      own[added.value] = ("%s.%d"):format(added.kind, i)
      if added.before then
        own[added.before] = own[added.value]
      end
      outputs[i] = { name = own[added.value], value = added.value }
    end
    return { inputs = inputs_of(self.rows, outputs), nodes = self.rows, outputs = outputs },
      { inputs = inputs_of(self.rest, adapt.outputs), nodes = self.rest, outputs = adapt.outputs },
      own
  end

  return live
end
