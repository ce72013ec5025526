--- Modulation heads: the recommender's network and how a condition changes it (CMML section 3.4).
--
-- A modulation is a module of (x, condition, parts): x [rows, inp], condition [rows, cond]; it
-- gives scores [rows], and puts intermediate values into the table `parts` if there is one.
-- The constructors, by name in `cmml.modulations`, take {inp, cond, backbone, hyper, activation,
-- init}: backbone are the widths of the recommender's layers, hyper those of the hypernetwork's.
-- One whose field `reads_joined` is true may get x and condition as joined matrices. One with a
-- method `first` tells by it the linear layer that x itself goes through first, so that what that
-- gives of an item need not be computed for every person. Those whose
-- layers are an MLP's (none, film, sigmoid) also take {out, residual, dropout}, by which they give
-- vectors [rows, out] instead of scores.
--
-- Here are those whose hypernetwork makes numbers; soft_modulation.lua has the one that makes
-- routes.
--
-- @module cmml
local of_heads = require "cmml.network.modulation_options"
local option_sets = require "cmml.base.options"
local raise = require("cmml.base.args").error

local known = {}
for name, set in pairs { none = of_heads.layered, film = of_heads.layered,
  sigmoid = of_heads.layered, linear = of_heads.all } do
  known[name] = option_sets.join("modulations." .. name, set)
end

return function(cmml, use)
  use "network.component"
  local nn, core = cmml.nn, cmml.core

  -- What modulations of the layers of an MLP have in common beside these: how layers are joined,
  -- and the last map.
  local function completed(self, what, opt)
    local inp = opt.inp
    for l, width in ipairs(opt.backbone) do
      if opt.residual and width ~= inp then
        raise(("modulations.%s: layer %d has width %d, but reads %d: with residual they are the "
          .. "same"):format(what, l, width, inp), 3)
      end
      inp = width
    end
    self.depth, self.activation, self.residual = #opt.backbone, opt.activation, opt.residual
    self.masks = {}
    for l = 1, opt.dropout > 0 and self.depth or 0 do
      self.masks[l] = nn.dropout { rate = opt.dropout, place = l }
    end
    if opt.out > 0 then
      self:register("out", nn.linear { inp = inp, out = opt.out, init = opt.init })
    end
    return self
  end

  -- What layer l + 1 reads, where layer l read x and gave y.
  local function passed_on(self, l, x, y, key)
    if key and self.masks[l] then
      y = self.masks[l](y, key)
    end
    return self.residual and x + y or y
  end

  -- What the head gives, where `a` is what the last layer gave.
  local function result_of(self, a)
    local result = self.out and self.out(a) or a
    return self.out and result.shape[2] == 1 and core.reshape(result, { -1 }) or result
  end

  -- The fields of a modulation of layers: a ReLU trunk on the condition, with a linear head for
  -- each layer of the backbone that makes `each` numbers for every unit of it.
  local function layered(self, what, opt, each)
    if #opt.hyper ~= #opt.backbone then
      raise(("modulations.%s: %d hyper widths for %d backbone layers; each layer needs its own")
        :format(what, #opt.hyper, #opt.backbone), 3)
    end
    local trunk, head, backbone = {}, {}, {}
    local cond, inp = opt.cond, opt.inp
    for l, width in ipairs(opt.backbone) do
      backbone[l] = nn.linear { inp = inp, out = width, init = opt.init }
      trunk[l] = nn.linear { inp = cond, out = opt.hyper[l], activation = "relu",
        init = opt.init }
      head[l] = nn.linear { inp = opt.hyper[l], out = each * width, init = opt.init }
      cond, inp = opt.hyper[l], width
    end
    local hyper = self:register("hyper", nn.list {})
    hyper:register("trunk", nn.list(trunk))
    hyper:register("head", nn.list(head))
    self:register("backbone", nn.list(backbone))
    return completed(self, what, opt)
  end

  -- What a head gives for rows, where `modulate` makes a layer's result of its affine map and what
  -- was generated for it.
  local function run_layers(self, x, condition, parts, key, modulate)
    local t, a, generated = condition, x, {}
    for l = 1, self.depth do
      t = self.hyper.trunk:at(l)(t)
      generated[l] = self.hyper.head:at(l)(t)
      a = passed_on(self, l, a, modulate(self.backbone:at(l)(a), generated[l]), key)
    end
    if parts then
      parts.hyper, parts.backbone = generated, a
    end
    return result_of(self, a)
  end

  local NoModulation = nn.class "cmml.NoModulation"
  NoModulation.reads_joined = true

  --- No modulation: the layers a_l = activation(W_l a + b_l), and a linear map to the score.
  -- @tparam table options
  -- @treturn NoModulation of (x, condition, parts); children backbone, out
  function cmml.modulations.none(options)
    local opt = known.none:check(options)
    local self = NoModulation.new()
    self:register("backbone", nn.mlp { widths = { opt.inp, table.unpack(opt.backbone) },
      activation = opt.activation, last = opt.activation, init = opt.init })
    return completed(self, "none", opt)
  end

  --- Scores of rows.
  -- @tparam Tensor|Joined x [rows, inp]
  -- @tparam Tensor|Joined _ the condition, not read
  -- @tparam[opt] table parts is given the fields hyper (an empty list) and backbone (the last
  -- layer)
  -- @tparam[opt] table key of dropout, in training
  -- @treturn Tensor [rows]; with another `out` than 1 [rows, columns]
  function NoModulation:forward(x, _, parts, key)
    local a = x
    for l = 1, self.depth do
      a = passed_on(self, l, a, self.backbone[tostring(l - 1)](a), key)
    end
    if parts then
      parts.hyper, parts.backbone = {}, a
    end
    return result_of(self, a)
  end

  local Film = nn.class "cmml.FilmModulation"
  Film.reads_joined = true

  --- FiLM layers: a_l = activation(gamma_l * (W_l a + b_l) + beta_l), with gamma_l and beta_l from
  -- a hypernetwork on the condition: a ReLU trunk with one linear head a layer (CMML eq. 11).
  -- @tparam table options
  -- @treturn FilmModulation of (x, condition, parts); children hyper.trunk, hyper.head, backbone,
  -- out
  function cmml.modulations.film(options)
    local opt = known.film:check(options)
    return layered(Film.new(), "film", opt, 2)
  end

  --- The layer that x itself goes through.
  -- @treturn ?Linear nil without layers
  function Film:first()
    return self.depth > 0 and self.backbone:at(1) or nil
  end

  --- Scores of rows.
  -- @tparam Tensor|Joined x [rows, inp]
  -- @tparam Tensor|Joined condition [rows, cond]
  -- @tparam[opt] table parts is given the fields hyper (what generates gamma and beta, a tensor a
  -- layer) and backbone (the last modulated layer)
  -- @tparam[opt] table key of dropout, in training
  -- @treturn Tensor [rows]; with another `out` than 1 [rows, columns]
  function Film:forward(x, condition, parts, key)
    return run_layers(self, x, condition, parts, key, function(a, generated)
      return core.film(a, generated, self.activation)
    end)
  end

  local Sigmoid = nn.class "cmml.SigmoidModulation"
  Sigmoid.reads_joined = true

  --- Sigmoid layers: a_l = activation(sigmoid(g_l) * (W_l a + b_l)), with g_l from a hypernetwork
  -- like that of FiLM (CMML eq. 10).
  -- @tparam table options
  -- @treturn SigmoidModulation of (x, condition, parts); children as those of FiLM
  function cmml.modulations.sigmoid(options)
    local opt = known.sigmoid:check(options)
    return layered(Sigmoid.new(), "sigmoid", opt, 1)
  end

  --- The layer that x itself goes through.
  -- @treturn ?Linear nil without layers
  function Sigmoid:first()
    return self.depth > 0 and self.backbone:at(1) or nil
  end

  --- Scores of rows.
  -- @tparam Tensor|Joined x [rows, inp]
  -- @tparam Tensor|Joined condition [rows, cond]
  -- @tparam[opt] table parts is given the fields hyper (g_l, a tensor a layer) and backbone (the
  -- last modulated layer)
  -- @tparam[opt] table key of dropout, in training
  -- @treturn Tensor [rows]; with another `out` than 1 [rows, columns]
  function Sigmoid:forward(x, condition, parts, key)
    return run_layers(self, x, condition, parts, key, function(a, generated)
      return nn.activate(core.sigmoid(generated) * a, self.activation)
    end)
  end

  local Linear = nn.class "cmml.LinearModulation"
  Linear.reads_joined = true

  --- A generated last layer: the score is w . a + b, with a from an MLP on x that has the
  -- activation after every layer, and (w, b) from a ReLU MLP on the condition (CMML eq. 9).
  -- @tparam table options
  -- @treturn LinearModulation of (x, condition, parts); children backbone, hyper
  function cmml.modulations.linear(options)
    local opt = known.linear:check(options)
    local self = Linear.new()
    self.width = opt.backbone[#opt.backbone]
    local hyper = { opt.cond, table.unpack(opt.hyper) }
    hyper[#hyper + 1] = self.width + 1
    self:register("backbone", nn.mlp { widths = { opt.inp, table.unpack(opt.backbone) },
      activation = opt.activation, last = opt.activation, init = opt.init })
    self:register("hyper", nn.mlp { widths = hyper, init = opt.init })
    return self
  end

  --- Scores of rows.
  -- @tparam Tensor|Joined x [rows, inp]
  -- @tparam Tensor|Joined condition [rows, cond]
  -- @tparam[opt] table parts is given the fields hyper (a list of one tensor: w, then b) and
  -- backbone (a)
  -- @treturn Tensor [rows]
  function Linear:forward(x, condition, parts)
    local a, generated = self.backbone(x), self.hyper(condition)
    if parts then
      parts.hyper, parts.backbone = { generated }, a
    end
    local w = generated:slice(2, 1, self.width)
    local b = generated:slice(2, self.width + 1, self.width + 1)
    return core.row_dot(a, w) + b:reshape { -1 }
  end
end
