--- MetaCS-DNN's network: content features and an MLP, all of which takes gradient steps on a task's
-- support (Bharadhwaj, IJCNN 2019). Rows of the embeddings are copied on write.
--
-- @module cmml
local args = require "cmml.base.args"
local declare = require("cmml.base.options").declare
local init_option = require "cmml.nn.init_option"
local shared = require "cmml.network.inner_options"
local raise = args.error

local known_adapt = declare("InnerNetwork:adapt", { shared.hold, shared.losses })

local known = declare("inner_network", {
  { name = "fields", kind = "table", required = true,
    help = "list of fields {name, size, multi} or {name, inputs}" },
  { name = "width", kind = "integer", from = 1, default = 32, help = "width of a field's vector" },
  shared.hidden, shared.activation,
  shared.inner_steps,
  { name = "inner_rate", list = "number", from = 0, to = 100, repeats = true, default = { 0.01 },
    help = "rate of the steps; one, or one for the embeddings and one for each layer" },
  shared.rates, shared.order,
  shared.form, init_option,
})

return function(cmml, use)
  use "network.task_layers"
  use "network.task_rows"
  use "network.inner_steps"
  local inner_rates = use "network.inner_rates"
  local network_steps = use "network.network_steps"
  local nn, core, task_layers = cmml.nn, cmml.core, cmml.task_layers
  local classes = use "tensor.classes"
  local InnerNetwork = nn.class "cmml.InnerNetwork"
  --- The learnt rates of an `inner_network`.
  local Rates = nn.class "cmml.NetworkRates"

  -- The tensors that are adapted, by name: {tensor, the place of its rate}.
  local function adapted(self)
    local list = {}
    for name, tensor in self:parameters() do
      local layer = name:match "^mlp%.(%d+)%."
      if layer or name:match "^embedding%." then
        list[#list + 1] = { name = name, tensor = tensor, place = layer and layer + 2 or 1 }
      end
    end
    return list
  end

  --- The network with fresh weights. The form "fast" takes its steps by the op embedding_steps: it
  -- needs two hidden layers of relu or leaky_relu, rates for layers, not weights, and none that are
  -- learnt in first order; it is the default where these hold.
  -- @tparam table options
  -- @treturn InnerNetwork with adapt(parts, labels, segments, options); children embedding and mlp,
  -- and rate where rates are learnt
  function cmml.inner_network(options)
    local opt = known:check(options)
    opt.init = opt.init or nn.init(0)
    if #opt.fields == 0 then
      raise("inner_network: fields is empty: rows have no features", 2)
    end
    local fixed = inner_rates.each("inner_network", opt.inner_rate, #opt.hidden + 2,
      ("the embeddings and %d layers"):format(#opt.hidden + 1))
    local refusal = network_steps.refusal(opt)
    if refusal and opt.form == "fast" then
      raise(("inner_network: form fast does not fit: %s; leave form out"):format(refusal), 2)
    end
    local self = InnerNetwork.new()
    self.form = opt.form or refusal and "generic" or "fast"
    self.activation, self.steps, self.order = opt.activation, opt.inner_steps, opt.order
    self:register("embedding", nn.field_embedding { fields = opt.fields, width = opt.width,
      init = opt.init })
    local widths = { #opt.fields * opt.width, table.unpack(opt.hidden) }
    widths[#widths + 1] = 1
    self:register("mlp", nn.mlp { widths = widths, activation = opt.activation, init = opt.init })
    self.fixed, self.kind_of_rates = fixed, opt.rates
    if opt.rates ~= "fixed" then
      local rates, list, done = Rates.new(), adapted(self), {}
      for _, one in ipairs(list) do
        local name = opt.rates == "weight" and (one.name:gsub("%.", "_")) or tostring(one.place)
        if not done[name] then
          local shape = opt.rates == "weight" and one.tensor.shape or {}
          rates:register(name, inner_rates.parameter(opt.init, shape, self.fixed[one.place]))
          done[name] = true
        end
      end
      self:register("rate", rates)
    end
    return self
  end

  -- The rate of a parameter: a number, or a Tensor where it is learnt.
  local function rate_of(self, name, place)
    if self.kind_of_rates == "weight" then
      return self.rate[(name:gsub("%.", "_"))]
    end
    return self.rate and self.rate[tostring(place)] or self.fixed[place]
  end

  -- The name of the parameters of a field's module.
  local function path_of(self, field)
    for _, name in ipairs(self.embedding.registered) do
      if self.embedding[name] == field then
        return "embedding." .. name
      end
    end
  end

  -- Calls f(name, bag) for every field of the parts: those of ids in their order,
  -- then those of numbers, as `nn.field_embedding` joins them.
  local function each_field(part, f)
    for _, numbers in ipairs { false, true } do
      for i, name in ipairs(part.names) do
        if (part.bags[i].values ~= nil) == numbers then
          f(name, part.bags[i])
        end
      end
    end
  end

  -- The tensors that tasks start from, with the tasks of their rows, their rates and what finds the
  -- rows; all nested alike.
  local function start_of(self, parts, tasks)
    local start, owners, rates, found = {}, {}, {}, {}
    for p, part in ipairs(parts) do
      local own, whose, rate, rows = {}, {}, {}, {}
      each_field(part, function(name, bag)
        local field = self.embedding.of_field[name]
        local path = path_of(self, field)
        if bag.values then
          own[name] = task_layers.spread({ weight = field.weight, bias = field.bias }, tasks)
          rate[name] = { weight = rate_of(self, path .. ".weight", 1),
            bias = rate_of(self, path .. ".bias", 1) }
        else
          rows[name] = cmml.task_rows(bag, part.rows, part.tasks)
          own[name] = rows[name]:start(field.weight)
          whose[name] = rows[name].owners
          local of_table = rate_of(self, path .. ".weight", 1)
          rate[name] = self.kind_of_rates == "weight" and rows[name]:start(of_table) or of_table
        end
      end)
      start[p], owners[p], rates[p], found[p] = own, whose, rate, rows
    end
    start.mlp, owners.mlp = task_layers.spread(task_layers.of(self.mlp), tasks), {}
    rates.mlp = {}
    for l in ipairs(start.mlp) do
      local path = ("mlp.%d."):format(l - 1)
      rates.mlp[l] = { weight = rate_of(self, path .. "weight", l + 1),
        bias = rate_of(self, path .. "bias", l + 1) }
    end
    return start, owners, rates, found
  end

  -- The vectors of rows, by weights of tasks; `found` finds the rows of the parts' tables.
  local function vectors(self, weights, parts, found)
    local columns = {}
    for p, part in ipairs(parts) do
      local own, list = weights[p], {}
      each_field(part, function(name, bag)
        local field = self.embedding.of_field[name]
        if bag.values then
          list[#list + 1] = task_layers.linear(core.embedding_bag(bag.values, part.rows), own[name],
            part.tasks)
        else
          list[#list + 1] = found[p][name]:look_up(own[name], self.embedding.is_mean,
            field.weight)
        end
      end)
      local joined = #list > 1 and core.concat(list) or list[1]
      if joined then
        columns[#columns + 1] = part.repeated and joined:segment_expand(part.repeated) or joined
      end
    end
    return #columns > 1 and core.concat(columns) or columns[1]
  end

  -- What `network_steps` reads, and the rows that were found, by part and name of field; nil where
  -- a part has fields of numbers, of which the op knows nothing.
  local function fast_start(self, parts)
    local layers = task_layers.of(self.mlp)
    local steps, found = { fields = {}, starts = {}, places = {}, layers = layers, rates = {},
      count = self.steps, activation = self.activation, mean = self.embedding.is_mean,
      order = self.order }, {}
    for place = 1, #layers + 1 do
      steps.rates[place] = rate_of(self, nil, place)
    end
    for p, part in ipairs(parts) do
      found[p] = {}
      for i, name in ipairs(part.names) do
        if part.bags[i].values then
          return
        end
        local rows = cmml.task_rows(part.bags[i], part.rows, part.tasks)
        local at = #steps.fields + 1
        steps.fields[at] = { places = rows.places, bags = rows.bags, owners = rows.owners,
          repeated = part.repeated }
        steps.starts[at] = rows:start(self.embedding.of_field[name].weight)
        steps.places[at], found[p][name] = { p, name }, rows
      end
    end
    return steps, found
  end

  -- The tasks' weights by the op, and the rows that were found; nil where it does not serve.
  local function fast(self, parts, labels, segments, opt)
    local steps, found = fast_start(self, parts)
    if not steps or #steps.fields == 0 then
      return
    end
    local values, layers = network_steps.take(steps, labels, segments, opt)
    if not values then
      return
    end
    local weights = { mlp = layers }
    for p in ipairs(parts) do
      weights[p] = {}
    end
    for i, place in ipairs(steps.places) do
      weights[place[1]][place[2]] = values[i]
    end
    return weights, found
  end

  -- Raises unless parts say of what fields of the network rows are made.
  local function check_parts(where, self, parts)
    args.list(where .. ": parts", parts, 4)
    for p, part in ipairs(parts) do
      local what = ("%s: part %d"):format(where, p)
      args.expect(what, part, "table", 4)
      args.texts(what .. ": names", part.names, 4)
      args.expect(what .. ": bags", part.bags, "table", 4)
      args.expect(what .. ": rows", part.rows, classes.ids, 4)
      args.expect(what .. ": tasks", part.tasks, classes.segments, 4)
      if part.repeated ~= nil then
        args.expect(what .. ": repeated", part.repeated, classes.segments, 4)
      end
      for i, name in ipairs(part.names) do
        args.expect(("%s: bag %d"):format(what, i), part.bags[i], "table", 4)
        if not self.embedding.of_field[name] then
          raise(("%s: the network has no field %s; %s"):format(what, args.shown(name),
            args.suggest(name, args.keys(self.embedding.of_field))), 3)
        end
      end
    end
  end

  --- What tasks have made of the network.
  -- @tfield InnerNetwork network
  -- @tfield table weights of the tasks
  -- @tfield table losses before each step, see `inner_steps`
  -- @tfield table diverged tasks whose steps diverged, see `inner_steps`
  local Adapted = { __name = "cmml.AdaptedNetwork" }
  Adapted.__index = Adapted

  --- Takes the steps of all tasks, down the mean squared error of their supports.
  -- @tparam table parts list of what rows are made of: {names (of fields), bags (one a name), rows
  -- (Ids: which bags), tasks (Segments: how many of them each task has), repeated (Segments, or
  -- nil: how often each of them stands among the rows)}
  -- @tparam Tensor labels [rows]
  -- @tparam Segments segments one a task; an empty one keeps the weights of the start
  -- @tparam[opt] table options
  -- @treturn AdaptedNetwork of (parts, segments) giving the scores of rows [rows]; losses and
  -- diverged: see `inner_steps`
  function InnerNetwork:adapt(parts, labels, segments, options)
    check_parts("InnerNetwork:adapt", self, parts)
    args.expect("InnerNetwork:adapt: labels", labels, classes.tensor)
    args.expect("InnerNetwork:adapt: segments", segments, classes.segments)
    local opt = known_adapt:check(options)
    if self.form == "fast" and self.steps > 0 and not opt.losses then
      local weights, found = fast(self, parts, labels, segments, opt)
      if weights then
        return setmetatable({ network = self, weights = weights, found = found, losses = {},
          diverged = {} }, Adapted)
      end
    end
    local start, owners, rates, found = start_of(self, parts, #segments)
    local weights, losses, diverged = cmml.inner_steps(start, function(own)
      local x = vectors(self, own, parts, found)
      local scores = task_layers.mlp(x, own.mlp, segments, self.activation):reshape { -1 }
      return (scores - labels):square():segment_mean(segments)
    end, { steps = self.steps, rate = rates, order = self.order, owners = owners,
      hold = opt.hold })
    return setmetatable({ network = self, weights = weights, found = found, losses = losses,
      diverged = diverged }, Adapted)
  end

  --- How many numbers a training keeps at once while tasks take their steps, about.
  -- @tparam integer tasks
  -- @tparam integer support rows of a task
  -- @tparam integer query rows of a task
  -- @treturn number
  function InnerNetwork:memory(tasks, support, query)
    local layers = task_layers.of(self.mlp)
    local weights, units = task_layers.sizes(layers)
    local first = layers[1].weight.shape
    if self.form == "fast" then
      return tasks * ((support + query) * 8 * (first[2] + units) + (self.steps + 1)
        * (support * (2 * first[2] + 4 * units) + 2 * weights))
    end
    return tasks * ((support + query) * 8 * (first[2] + units) + (self.steps + 1)
      * (support * (12 * first[2] + 20 * units) + 8 * weights))
  end

  --- Scores of rows with the weights of their tasks.
  -- @tparam table parts of the same fields as those that were adapted to
  -- @tparam Segments segments one a task
  -- @treturn Tensor [rows]
  function Adapted:forward(parts, segments)
    check_parts("AdaptedNetwork", self.network, parts)
    args.expect("AdaptedNetwork: segments", segments, classes.segments)
    local found = {}
    for p, part in ipairs(parts) do
      found[p] = {}
      each_field(part, function(name, bag)
        local before = self.found[p][name]
        found[p][name] = before and before:beside(bag, part.rows, part.tasks)
      end)
    end
    local x = vectors(self.network, self.weights, parts, found)
    return task_layers.mlp(x, self.weights.mlp, segments, self.network.activation):reshape { -1 }
  end

  Adapted.__call = Adapted.forward

  --- The weights of the MLP of the tasks.
  -- @treturn table list of {weight [tasks, out, in], bias [tasks, out]}
  function Adapted:layers()
    return self.weights.mlp
  end
end
