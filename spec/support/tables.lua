-- A small module with tables of which a step uses few rows, for specs of optimisers.
local cmml = require "cmml"
local core = cmml.core

local tables = {}

local Model = cmml.nn.class "spec.Tables"

function Model:forward(ids)
  local rows = core.embedding(self.film, ids) + core.embedding(self.person, ids)
  return self.out(self.hidden(rows))
end

--- Two tables and two layers, with the same weights each time: film, person (6 x 4), hidden.weight,
-- hidden.bias, out.weight, out.bias.
-- @treturn Module a function of ids
function tables.model()
  local self, init = Model.new(), cmml.nn.init(3)
  self:register("film", init.normal({ 6, 4 }))
  self:register("person", init.normal({ 6, 4 }))
  self:register("hidden", cmml.nn.linear { inp = 4, out = 5, activation = "tanh", init = init })
  self:register("out", cmml.nn.linear { inp = 5, out = 1, init = init })
  return self
end

--- The ids of the batches: step n of `descend` takes number 1 + n % 4.
tables.batches = { core.ids { 1, 2, 2 }, core.ids { 5 }, core.ids { 1, 6 }, core.ids { 3, 2 } }

--- Takes steps.
-- @tparam Module net
-- @tparam ModuleOptimizer optimizer
-- @tparam integer from number of the first step, which chooses its batch
-- @tparam integer to number of the last
function tables.descend(net, optimizer, from, to)
  for step = from, to do
    optimizer:backward(net(tables.batches[1 + step % #tables.batches]):square():sum())
    optimizer:step()
  end
end

--- The bytes of all parameters by name.
-- @tparam Module net
-- @treturn table
function tables.bytes(net)
  local list = {}
  for name, tensor in net:parameters() do
    list[name] = tensor:tobytes()
  end
  return list
end

return tables
