--- A graph cut into programs, by how often each is run: once for a catalogue, once for a support,
-- and for the items that are to be scored.
--
--    adapt   of a support: what scores need of it, the state
--    items   of items: what scores need of each, a row of some tables
--    score   of rows of these tables and a state: scores [rows]
--    all     of a state: scores of the whole catalogue [1, items]; in place of items and score
--
-- A program has inputs (list of values), nodes and outputs (list of {name, value}), as a graph has.
-- Outputs of one program that another reads have the names `state.N` and `items.N`.
--
-- @module cmml.serve.programs
local arguments = require "cmml.serve.arguments"
local plain = require "cmml.base.plain"

return function(cmml, use)
  local graph = use "serve.graph"
  local prune = use "serve.prune"
  local core = cmml.core
  local programs = {}

  -- Which program of a graph a node belongs to. What is computed of a support behind its state is
  -- the state's, too, unless it is of the whole catalogue, or was left to scores (see `sink`).
  local function program_of(of, node)
    local level = node.gives[1].level
    local is_last = level == "task" and (node.late and of.scores_all or node.is_sunk)
    return (is_last or level == "pair") and (of.scores_all and "all" or "score")
      or level == "task" and "adapt" or level == "item" and "items" or "score"
  end

  -- The constant whose rows a value of the items is, if it is one, and its rows are all items'.
  local function table_of(value, n_items)
    local node = value.node
    local table_ = node and node.call == "gather_rows" and node.arguments[1].value
    return table_ and table_.constant and node.arguments[2].value.input == "items"
      and table_.sizes[1] == n_items and table_ or nil
  end

  -- A text that is the same for nodes that compute the same of the same values.
  local function key_of(node)
    local words = { node.call }
    for i, argument in ipairs(node.arguments) do
      words[i + 1] = arguments.key(argument, function(value)
        return plain.format("%p", value.constant or value)
      end)
    end
    return table.concat(words, " ")
  end

  -- What makes of values that depend on items of the support alone the same of items.
  local function twins_of(of)
    local known, twins, nodes, items = {}, {}, {}, nil
    for _, input in ipairs(of.inputs) do
      items = input.input == "items" and input or items
    end
    for _, node in ipairs(of.nodes) do
      if node.gives[1].level == "item" then
        known[key_of(node)] = node
      end
    end
    local twin_of
    function twin_of(value)
      if value.constant or value.input == "support.items" then
        return value.constant and value or items
      elseif not twins[value] then
        local node, own = value.node, { call = value.node.call, arguments = {} }
        for i, argument in ipairs(node.arguments) do
          own.arguments[i] = arguments.mapped(argument, twin_of)
        end
        local key = key_of(own)
        if not known[key] then
          local sizes = table.move(value.sizes, 2, #value.sizes, 2, { items.sizes[1] })
          local others = table.move(value.others, 2, #value.others, 2, { items.others[1] })
          own.gives = { { kind = value.kind, sizes = sizes, others = others, level = "item",
            node = own } }
          known[key], nodes[#nodes + 1] = own, own
        end
        twins[value] = known[key].gives[1]
      end
      return twins[value]
    end
    return twin_of, nodes
  end

  -- A graph in which what depends on items of a support alone is read from tables of all items;
  -- tables are values without a node, of which `table` is the value of an item.
  local function with_tables(of, n_items)
    local twin_of, more = twins_of(of)
    local nodes, tables, now, support = {}, {}, {}, nil
    for _, input in ipairs(of.inputs) do
      support = input.input == "support.items" and input or support
    end
    -- Rows of a constant are read where they are, and what is the same for all is made again.
    local function is_plain(node)
      return node.call == "full" or node.call == "gather_rows"
        and node.arguments[2].value == support and node.arguments[1].value.constant ~= nil
    end
    local function read(value)
      if not value.of_items or value == support or is_plain(value.node) then
        return value
      elseif not now[value] then
        local twin = twin_of(value)
        local sizes = table.move(value.sizes, 2, #value.sizes, 2, { n_items })
        local all = { kind = "tensor", sizes = sizes, others = sizes, table = twin, level = "task" }
        local own = { kind = "tensor", sizes = value.sizes, others = value.others, level = "task" }
        own.node = { call = "gather_rows", arguments = { { value = all }, { value = support } },
          gives = { own } }
        nodes[#nodes + 1], tables[#tables + 1], now[value] = own.node, all, own
      end
      return now[value]
    end
    local function size_of(argument)
      return argument -- there are as many rows as before
    end
    for _, node in ipairs(of.nodes) do
      local own = node
      if node.gives[1].level == "task" and not node.gives[1].of_items then
        own = { call = node.call, arguments = {}, gives = node.gives, late = node.late }
        for i, argument in ipairs(node.arguments) do
          own.arguments[i] = arguments.mapped(argument, read, size_of)
        end
        for _, value in ipairs(node.gives) do
          value.node = own
        end
      end
      nodes[#nodes + 1] = own
    end
    local all = table.move(more, 1, #more, #nodes + 1, table.move(nodes, 1, #nodes, 1, {}))
    return { inputs = of.inputs, outputs = of.outputs, scores_all = of.scores_all,
      nodes = prune.of(all, of.outputs, tables) }, tables
  end

  -- How many numbers a value has, in the first trace.
  local function count_of(value)
    local count = 1
    for _, size in ipairs(value.sizes) do
      count = count * size
    end
    return count
  end

  -- Whether a node of adapt makes so many times as many numbers or more of other parts of the state
  -- alone.
  local function grows(of, node, times)
    local own, count, fits = node.gives[1], 0, #node.gives == 1
    for _, argument in ipairs(node.arguments) do
      graph.each_value(argument, function(value)
        fits = fits and (value.constant ~= nil
          or value.kind == "tensor" and value.node ~= nil and program_of(of, value.node) == "adapt")
        count = count + (value.constant and 0 or count_of(value))
      end)
    end
    return fits and own.kind == "tensor" and count > 0 and count_of(own) >= times * count
  end

  -- Leaves to scores what only they read and what is larger than what it is made of: scores of a
  -- base for the whole catalogue, of which one product for several people can be made; and weights
  -- with scales of the person, which each block of items then has to multiply, but no context has
  -- to keep.
  local function sink(of)
    local early = {} -- what nodes of adapt read
    for i = #of.nodes, 1, -1 do
      local node = of.nodes[i]
      if program_of(of, node) == "adapt" then
        if not early[node.gives[1]]
          and grows(of, node, of.scores_all and 1 or node.call == "mul" and 8 or math.huge) then
          node.is_sunk = true
        else
          for _, argument in ipairs(node.arguments) do
            graph.each_value(argument, function(value)
              early[value] = true
            end)
          end
        end
      end
    end
  end

  -- Values that one program gives to others: those of a level that nodes of others read, and
  -- outputs of the graph.
  local function given_by(of, name, tables)
    local list, seen = {}, {}
    local function add(value)
      if value.node and program_of(of, value.node) == name and not seen[value] then
        list[#list + 1], seen[value] = value, true
      end
    end
    for _, node in ipairs(of.nodes) do
      for _, argument in ipairs(program_of(of, node) ~= name and node.arguments or {}) do
        graph.each_value(argument, add)
      end
    end
    for _, of_items in ipairs(tables or {}) do
      add(of_items.table)
    end
    for _, output in ipairs(of.outputs) do
      local _ = name ~= "score" and name ~= "all" and add(output.value)
    end
    return list
  end

  -- A program of some nodes that gives these values by names.
  local function made(of, name, outputs)
    local program, seen, own = { inputs = {}, nodes = {}, outputs = outputs }, {}, {}
    local function read(value)
      if not value.constant and not own[value] and not seen[value] then
        program.inputs[#program.inputs + 1], seen[value] = value, true
      end
    end
    for _, node in ipairs(of.nodes) do
      if program_of(of, node) == name then
        program.nodes[#program.nodes + 1] = node
        for _, argument in ipairs(node.arguments) do
          graph.each_value(argument, read)
        end
        for _, value in ipairs(node.gives) do
          own[value] = true
        end
      end
    end
    for _, output in ipairs(outputs) do
      read(output.value)
    end
    return program
  end

  -- Numbers values, and gives them names.
  local function named(values, prefix, names)
    local outputs = {}
    for i, value in ipairs(values) do
      names[value] = prefix .. i
      outputs[i] = { name = names[value], value = value }
    end
    return outputs
  end

  --- The programs of a graph.
  -- @tparam table of a graph from `rewrite.of`; field scores_all: whether it scores the whole
  -- catalogue, in place of items
  -- @tparam integer n_items how many items the catalogue has
  -- @treturn table programs by name; those of which nothing is needed are not there
  -- @treturn table the names of values that one program gives to another, by value
  -- @treturn table of the values of items those which are rows of a constant: list of {name, value
  -- (the constant)}; `items` does not give them
  function programs.of(of, n_items)
    local names, list, tables = {}, {}, {}
    local whole
    of, whole = with_tables(of, n_items)
    sink(of)
    local state = named(given_by(of, "adapt"), "state.", names)
    local all, items = named(given_by(of, "items", whole), "items.", names), {}
    for _, output in ipairs(all) do
      local constant = table_of(output.value, n_items)
      local into = constant and tables or items
      into[#into + 1] = { name = output.name, value = constant or output.value }
    end
    for _, input in ipairs(of.inputs) do
      names[input] = input.input
    end
    for _, of_items in ipairs(whole) do
      names[of_items] = names[of_items.table]
    end
    local last = of.scores_all and "all" or "score"
    list.adapt = made(of, "adapt", state)
    list[last] = made(of, last, of.outputs)
    list.items = #items > 0 and made(of, "items", items) or nil
    return list, names, tables
  end

  --- Computes programs one after the other, call by call.
  -- @tparam table list programs by name
  -- @tparam table names of values that are not constant, by value
  -- @tparam table tables as `of` gives them
  -- @tparam table inputs of the graph by name
  -- @tparam integer n_items how many items the catalogue has
  -- @treturn table by name of the outputs
  function programs.compute(list, names, tables, inputs, n_items)
    local found = setmetatable({}, { __index = inputs })
    local function run(program, given)
      local outputs = program and graph.compute(program, setmetatable({}, { __index = given }),
        names)
      for key, value in pairs(outputs or {}) do
        found[key] = value
      end
    end
    local rows = {}
    for row = 1, n_items do
      rows[row] = row
    end
    run(list.items, { items = core.ids(rows), segments = core.segments { n_items } })
    for _, of_items in ipairs(tables) do
      found[of_items.name] = of_items.value.constant
    end
    run(list.adapt, found)
    for _, output in ipairs(list.items and list.items.outputs or {}) do
      found[output.name] = found[output.name]:gather_rows(inputs.items)
    end
    for _, of_items in ipairs(tables) do
      found[of_items.name] = found[of_items.name]:gather_rows(inputs.items)
    end
    run(list.score, found)
    run(list.all, found)
    return found
  end

  return programs
end
