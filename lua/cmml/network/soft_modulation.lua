--- Soft modularisation: routes through layers of small modules, chosen by the condition (CMML
-- section 3.4.4, eq. 12-13; Yang et al. 2020).
--
-- @module cmml
local of_all = require("cmml.network.modulation_options").all
local option_sets = require "cmml.base.options"
local raise = require("cmml.base.args").error

local known = option_sets.join("modulations.soft", of_all,
  option_sets.declare("modulations.soft alone", {
    { name = "modules", kind = "integer", from = 1, default = 4,
      help = "number of modules in each layer" },
    { name = "over", kind = "string", choices = { "sources", "targets" }, default = "sources",
      help = "what the weights of P sum to 1 over: sources as in the published code, or targets as "
        .. "the paper can be read; the last layer's always sum to 1" },
  }))

return function(cmml, use)
  use "network.component"
  local nn, core = cmml.nn, cmml.core

  local Soft = nn.class "cmml.SoftModulation"
  Soft.reads_joined = true

  --- Layers of modules: what module j of a layer reads is the sum over modules i of the layer
  -- before of P[i, j] times what i gives; P is a softmax of logits that a ReLU trunk on the
  -- condition gives for each layer. The last layer's modules are summed with weights of their own.
  --
  -- `backbone` are the widths of each layer's modules, `hyper` those of the trunk, as many.
  -- @tparam table options
  -- @treturn SoftModulation of (x, condition, parts); children route.trunk, route.logits,
  -- module.<layer>.<module>, out
  function cmml.modulations.soft(options)
    local opt = known:check(options)
    if #opt.hyper ~= #opt.backbone then
      raise(("modulations.soft: %d hyper widths for %d layers of modules; each layer needs its own")
        :format(#opt.hyper, #opt.backbone), 2)
    end
    local self = Soft.new()
    self.depth, self.modules, self.widths = #opt.backbone, opt.modules, opt.backbone
    self.activation = opt.activation
    self.over = opt.over
    local trunk, logits, layers = {}, {}, {}
    local cond, inp = opt.cond, opt.inp
    for l, width in ipairs(opt.backbone) do
      local layer, last = {}, l == self.depth
      for j = 1, opt.modules do
        layer[j] = nn.linear { inp = inp, out = width, init = opt.init }
      end
      layers[l] = nn.list(layer)
      trunk[l] = nn.linear { inp = cond, out = opt.hyper[l], activation = "relu",
        init = opt.init }
      logits[l] = nn.linear { inp = opt.hyper[l], init = opt.init,
        out = last and opt.modules or opt.modules * opt.modules }
      cond, inp = opt.hyper[l], width
    end
    local route = self:register("route", nn.list {})
    route:register("trunk", nn.list(trunk))
    route:register("logits", nn.list(logits))
    self:register("module", nn.list(layers))
    self:register("out", nn.linear { inp = inp, out = 1, init = opt.init })
    return self
  end

  -- The weights of the routes out of each layer: [rows, m, m], then [rows, m].
  local function routes(self, condition)
    local t, result, m = condition, {}, self.modules
    for l = 1, self.depth do
      t = self.route.trunk:at(l)(t)
      local logits = self.route.logits:at(l)(t)
      if l < self.depth then
        result[l] = core.softmax(logits:reshape { -1, m, m }, self.over == "sources" and 2 or 3)
      else
        result[l] = core.softmax(logits)
      end
    end
    return result
  end

  -- All modules of the first layer read the same: one product. [rows, m, width]
  local function first_layer(self, x)
    local weights, biases = {}, {}
    for j = 1, self.modules do
      local module = self.module:at(1):at(j)
      weights[j], biases[j] = module.weight, module.bias
    end
    local weight, bias = core.concat(weights, 1), core.concat(biases, 1)
    local y = cmml.is_joined(x) and x:linear(weight, bias, self.activation)
      or core.linear(x, weight, bias, self.activation)
    return y:reshape { -1, self.modules, self.widths[1] }
  end

  -- Module j of a layer reads row [.., j, ..] of x [rows, m, inp]. [rows, m, width]
  local function next_layer(self, l, x)
    local columns = {}
    for j = 1, self.modules do
      local module = self.module:at(l):at(j)
      local y = core.linear(x:slice(2, j, j):reshape { -1, self.widths[l - 1] }, module.weight,
        module.bias, self.activation)
      columns[j] = y:reshape { -1, 1, self.widths[l] }
    end
    return core.concat(columns, 2)
  end

  --- Scores of rows.
  -- @tparam Tensor|Joined x [rows, inp]
  -- @tparam Tensor|Joined condition [rows, cond]
  -- @tparam[opt] table parts is given the fields route (the weights of the routes: [rows, m, m]
  -- from module i to module j for every layer but the last, then [rows, m]) and backbone (what the
  -- last layer reads)
  -- @treturn Tensor [rows]
  function Soft:forward(x, condition, parts)
    local weights = routes(self, condition)
    local a = first_layer(self, x)
    for l = 2, self.depth do
      a = next_layer(self, l, core.matmul(weights[l - 1]:transpose(2, 3), a))
    end
    local last = core.matmul(weights[self.depth]:reshape { -1, 1, self.modules }, a)
    last = last:reshape { -1, self.widths[self.depth] }
    if parts then
      parts.route, parts.backbone = weights, last
    end
    return core.reshape(self.out(last), { -1 })
  end
end
