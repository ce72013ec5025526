--- Modulation heads: the recommender's network and how a condition changes it (CMML section 3.4).
--
-- A modulation is a module of (x, condition, parts): x [rows, inp], condition [rows, cond]; it
-- gives scores [rows], and leaves what it computed on the way in the table `parts` if there is one.
-- `cmml.modulations` holds the constructors by name; each takes {inp, cond, backbone, hyper,
-- activation, init}. One whose field `reads_joined` is true may get x and condition as joined
-- matrices.
--
-- @module cmml
local args = require "cmml.args"

return function(cmml)
  local nn, core = cmml.nn, cmml.core
  cmml.modulations = {}

  local Film = nn.class "cmml.FilmModulation"
  Film.reads_joined = true

  --- FiLM layers: a_l = activation(gamma_l * (W_l a + b_l) + beta_l), with gamma_l and beta_l from
  -- a hypernetwork on the condition: a ReLU trunk with one linear head a layer (CMML eq. 11).
  -- @tparam table options inp, cond, backbone (widths of the modulated layers), hyper (widths of
  -- the trunk, as many), activation, init
  -- @treturn FilmModulation of (x, condition, parts); children hyper.trunk, hyper.head, backbone,
  -- out
  function cmml.modulations.film(options)
    local opt = args.check("modulations.film", options, { inp = "integer", cond = "integer",
      backbone = "table", hyper = "table", activation = "string", init = "table?" })
    if #opt.hyper ~= #opt.backbone then
      error(("modulations.film: %d hyper widths for %d backbone layers; each layer needs its own")
        :format(#opt.hyper, #opt.backbone), 2)
    end
    local trunk, head, backbone = {}, {}, {}
    local cond, inp = opt.cond, opt.inp
    for l, width in ipairs(opt.backbone) do
      backbone[l] = nn.linear { inp = inp, out = width, init = opt.init }
      trunk[l] = nn.linear { inp = cond, out = opt.hyper[l], activation = "relu",
        init = opt.init }
      head[l] = nn.linear { inp = opt.hyper[l], out = 2 * width, init = opt.init }
      cond, inp = opt.hyper[l], width
    end
    local self = Film.new()
    self.depth = #opt.backbone
    self.activation = nn.check_activation("modulations.film: activation", opt.activation)
    local hyper = self:register("hyper", nn.list {})
    hyper:register("trunk", nn.list(trunk))
    hyper:register("head", nn.list(head))
    self:register("backbone", nn.list(backbone))
    self:register("out", nn.linear { inp = inp, out = 1, init = opt.init })
    return self
  end

  --- Scores of rows.
  -- @tparam Tensor|Joined x [rows, inp]
  -- @tparam Tensor|Joined condition [rows, cond]
  -- @tparam[opt] table parts is given the fields hyper (what generates gamma and beta, a tensor a
  -- layer) and backbone (the last modulated layer)
  -- @treturn Tensor [rows]
  function Film:forward(x, condition, parts)
    local t, a, generated = condition, x, {}
    for l = 1, self.depth do
      t = self.hyper.trunk:at(l)(t)
      generated[l] = self.hyper.head:at(l)(t)
      a = core.film(self.backbone:at(l)(a), generated[l], self.activation)
    end
    if parts then
      parts.hyper, parts.backbone = generated, a
    end
    return core.reshape(self.out(a), { -1 })
  end
end
