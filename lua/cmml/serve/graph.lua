--- What a function computes, as a graph: made of two traces of it at different sizes, and tried at
-- a third.
--
-- What both have in common is the graph; what differs must be a size of some value that stands
-- before it, or a multiple of one, which the graph then names. Anything else that differs would
-- bake what was given into the graph, and is refused.
--
-- A graph has inputs (list of values), nodes (list, in the order in which they are computed) and
-- outputs (list of {name, value}). A value has kind ("tensor", "ids" or "segments"), sizes and
-- others (its sizes in the first and the second trace), and where it comes from: input (its name),
-- constant (the Tensor, Ids or Segments), or node. A node has call (the name of a function of the
-- core), arguments and gives (list of values). An argument is a number, text, boolean, or a table
-- with one field:
--
--    value = v             a value
--    size = v, dim = d,    a size of a value: of a tensor that of dim d, of ids (1) their number,
--    times = k, plus = c   of segments their number (1), that of all rows (2); k times it, and c
--    list = {..}           a list of arguments
--    fields = {..}         a table of arguments by name
--    none = true           left out
--
-- @module cmml.serve.graph
local args = require "cmml.base.args"
local arguments = require "cmml.serve.arguments"
local differs = require "cmml.serve.near"
local plain = require "cmml.base.plain"
local raise = args.error

return function(cmml, use)
  local core = cmml.core
  local trace = use "serve.trace"
  local graph = { each_value = arguments.each_value }

  -- What goes wrong is told with the call that it is about.
  local function refuse(call, text, ...)
    raise(("%s: %s"):format(call.name, text:format(...)), 0)
  end

  -- The calls that outputs need, in order.
  local function needed(traced, outputs)
    local is_needed, waiting = {}, {}
    local function want(from)
      trace.each_value(from, function(_, value)
        local made = traced.made[value]
        if made and made.call and not is_needed[made.call] then
          is_needed[made.call] = true
          waiting[#waiting + 1] = made.call
        end
      end)
    end
    want(outputs)
    while #waiting > 0 do
      want(table.remove(waiting).arguments)
    end
    local calls = {}
    for _, call in ipairs(traced.calls) do
      calls[#calls + 1] = is_needed[call] and call or nil
    end
    return calls
  end

  -- Whether two values that no traced call made say the same.
  local function same_contents(kind, a, b)
    if a == b then
      return true
    elseif kind ~= "tensor" then
      return args.equal(a:totable(), b:totable())
    end
    return args.equal({ a.shape, a:totable() }, { b.shape, b:totable() })
  end

  --- A value that is always the same.
  -- @tparam Tensor|Ids|Segments object
  -- @treturn table value
  function graph.constant(object)
    local kind = trace.kind_of(object)
    local sizes = trace.sizes_of(kind, object)
    return { kind = kind, constant = object, sizes = sizes, others = sizes }
  end

  local Builder = {}
  Builder.__index = Builder

  -- The value that is `a` in the first trace and `b` in the second, which must mean the same; a
  -- constant is made where it is first met.
  function Builder:value(call, kind, a, b)
    local first, second = self.traces[1].made[a], self.traces[2].made[b]
    if first or second then
      local value = first and self.of_first[first]
      if not value or self.of_second[second] ~= value then
        refuse(call, "reads values that come about in another way when sizes change")
      end
      return value
    elseif not self.constants[a] then
      local ok, same = pcall(same_contents, kind, a, b)
      if not ok then
        refuse(call, "reads %s that was freed since", args.with_article(kind))
      elseif not same then
        refuse(call, "reads %s that was made of what was given, outside of the core: make it by "
          .. "functions of the core", args.with_article(kind))
      end
      self.constants[a] = graph.constant(a)
    end
    return self.constants[a]
  end

  -- What is `a` in the first trace and `b` in the second by a size: the size itself, else a
  -- multiple of one, and another number more. What two traces suggest a third one has to bear out.
  function Builder:size(a, b)
    local best
    for _, found in ipairs(self.sizes) do
      local times = (b - a) // (found.b - found.a)
      local plus = a - times * found.a
      if times >= 1 and times * found.b + plus == b and (not best or times == 1 and plus == 0
        and not (best.times == 1 and best.plus == 0)
        or plus == 0 and best.plus ~= 0) then
        best = { size = found.value, dim = found.dim, times = times, plus = plus }
      end
    end
    return best
  end

  -- An argument of both traces that is a table.
  function Builder:table(call, a, b)
    local own = {}
    for key, value in pairs(a) do
      own[key] = b[key] ~= nil and self:argument(call, value, b[key]) or own[key]
    end
    for _, pair in ipairs { { a, b }, { b, a } } do
      for key in pairs(pair[1]) do
        if pair[2][key] == nil then
          refuse(call, "gets a table that has %s at one size alone", plain.tostring(key))
        end
      end
    end
    return (#a > 0 or next(a) == nil) and { list = own } or { fields = own }
  end

  -- An argument of both traces, in the form that graphs have.
  function Builder:argument(call, a, b)
    local kind = trace.kind_of(a)
    if kind ~= trace.kind_of(b) or type(a) ~= type(b) then
      refuse(call, "gets %s or %s, depending on the size of the input", args.describe(a),
        args.describe(b))
    elseif kind then
      return { value = self:value(call, kind, a, b) }
    elseif type(a) == "table" then
      return self:table(call, a, b)
    elseif a == nil then
      return { none = true }
    elseif type(a) == "function" or type(a) == "userdata" then
      refuse(call, "takes %s, which no graph can hold", args.with_article(type(a)))
    elseif a == b or a ~= a and b ~= b then
      return a
    end
    return math.type(a) == "integer" and self:size(a, b)
      or refuse(call, "gets %s or %s, depending on the size of the input, and neither is a size "
        .. "itself", args.describe(a), args.describe(b))
  end

  -- The value of what both traces have.
  function Builder:add(first, second, from)
    local value = { kind = first.kind, sizes = first.sizes, others = second.sizes,
      input = from.input, node = from.node }
    self.of_first[first], self.of_second[second] = value, value
    for d, size in ipairs(first.sizes) do
      if second.sizes[d] ~= size then
        self.sizes[#self.sizes + 1] = { a = size, b = second.sizes[d], value = value, dim = d }
      end
    end
    return value
  end

  -- The node of two calls.
  function Builder:node(first, second)
    if first.name ~= second.name or #first.gives ~= #second.gives then
      refuse(first, "at another size, %s stands in its place", second.name)
    end
    local node = { call = first.name, arguments = {}, gives = {}, late = first.late }
    for i = 1, math.max(first.arguments.n, second.arguments.n) do
      node.arguments[i] = self:argument(first, first.arguments[i], second.arguments[i])
    end
    for i, made in ipairs(first.gives) do
      if #made.sizes ~= #second.gives[i].sizes then
        refuse(first, "gives %d or %d dims, depending on the size of the input", #made.sizes,
          #second.gives[i].sizes)
      end
      node.gives[i] = self:add(made, second.gives[i], { node = node })
    end
    return node
  end

  -- Whether two Tensors are the same to the last digits.
  local function is_near(a, b)
    if not args.equal(a.shape, b.shape) then
      return false
    end
    return not differs(a:reshape({ -1 }):totable(), b:reshape({ -1 }):totable())
  end

  -- Raises unless a graph gives what its function does at another size.
  local function check(made, run, size, what)
    local inputs, f = run(size)
    local given = {}
    for _, input in ipairs(inputs) do
      given[input[1]] = input[2]
    end
    local expected = core.no_grad(f, function() end)
    local ok, found = pcall(graph.compute, made, given)
    if not ok then
      raise(("what is computed comes about in another way %s: %s"):format(what, tostring(found)), 0)
    end
    for name, value in pairs(found) do
      if not cmml.is_tensor(value) or not is_near(value, expected[name]) then
        raise(("%s come about in another way %s"):format(name, what), 0)
      end
    end
  end

  --- The graph of a function.
  -- @tparam function run gives, for size 1 to 4 (4: of nothing), what it needs: inputs (list of
  -- {name, value}) and a function that gives a table of Tensors, Ids and Segments by name; it gets
  -- a function that says that what is computed from here on is late, which nodes then say, too.
  -- Sizes of inputs must differ wherever they may, and no two of them be alike
  -- @treturn table graph; raises a plain message where there is none
  function graph.of(run)
    local traces, outputs, inputs = {}, {}, {}
    for i = 1, 2 do
      local f
      inputs[i], f = run(i)
      traces[i], outputs[i] = trace.of(inputs[i], f)
    end
    local self = setmetatable({ traces = traces, of_first = {}, of_second = {}, sizes = {},
      constants = {} }, Builder)
    local made = { inputs = {}, nodes = {}, outputs = {} }
    for i, input in ipairs(inputs[1]) do
      made.inputs[i] = self:add(traces[1].made[input[2]], traces[2].made[inputs[2][i][2]],
        { input = input[1] })
    end
    local first, second = needed(traces[1], outputs[1]), needed(traces[2], outputs[2])
    for i = 1, math.max(#first, #second) do
      local call, other = first[i] or second[i], second[i]
      if not first[i] or not other then
        refuse(call, "is called at one size alone")
      end
      made.nodes[i] = self:node(call, other)
    end
    for i, name in ipairs(args.keys(outputs[1])) do
      local value = outputs[1][name]
      made.outputs[i] = { name = name, value = self:value({ name = name }, trace.kind_of(value),
        value, outputs[2][name]) }
    end
    check(made, run, 3, "at a third size")
    check(made, run, 4, "of nothing")
    return made
  end

  -- An argument as the core takes it.
  local function given(argument, found)
    if type(argument) ~= "table" then
      return argument
    elseif argument.value then
      return found(argument.value)
    elseif argument.size then
      return trace.sizes_of(argument.size.kind, found(argument.size))[argument.dim] * argument.times
        + argument.plus
    elseif argument.none then
      return nil
    end
    local own = {}
    for key, value in pairs(argument.list or argument.fields) do
      own[key] = given(value, found)
    end
    return own
  end

  --- What a node gives.
  -- @tparam table node
  -- @tparam function found of (value): the Tensor, Ids or Segments that it is
  -- @treturn table list of these
  function graph.results_of(node, found)
    local list, results = {}, {}
    for i, argument in ipairs(node.arguments) do
      list[i] = given(argument, found)
    end
    local method = node.call:match ":(.+)$"
    local call = method and list[1][method] or core[node.call]
    trace.each_value(table.pack(core.no_grad(call, table.unpack(list, 1, #node.arguments))),
      function(_, value)
        results[#results + 1] = value
      end)
    return results
  end

  --- Computes a graph call by call: what every other way of computing it must equal.
  -- @tparam table of the graph
  -- @tparam table inputs by name
  -- @tparam ?table names of values that are inputs, by value; default: as they say
  -- @treturn table by name of the outputs
  function graph.compute(of, inputs, names)
    local values, outputs = {}, {}
    local function found(value)
      return value.constant or values[value] or inputs[names and names[value] or value.input]
    end
    for _, node in ipairs(of.nodes) do
      for i, result in ipairs(graph.results_of(node, found)) do
        values[node.gives[i]] = result
      end
    end
    for _, output in ipairs(of.outputs) do
      outputs[output.name] = found(output.value)
    end
    return outputs
  end

  return graph
end
