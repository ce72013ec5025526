--- Encoders as a user writes them, in a module: what the specs of teams name for the threads.
local cmml = require "cmml"

-- `home` is to be set in the state of the spec: elsewhere, most of the encoders go wrong.
local own = { home = false }

local function recurse()
  return 1 + recurse()
end

-- What an encoder own_<name> does in the states of the other threads.
local traps = {
  sum = function() end,
  error = function()
    error("no luck here", 0)
  end,
  object = function()
    error({})
  end,
  yield = coroutine.yield,
  overflow = recurse,
  exit = function()
    os.exit(true)
  end,
  shape = function()
    return cmml.zeros { 2 } + cmml.zeros { 3 }
  end,
}

for _, library in ipairs { cmml, cmml.double } do
  local nn, core = library.nn, library.core
  local Encoder = nn.class "own.Encoder"

  -- A linear map of the sum of the samples, over their number plus one.
  function Encoder:forward(samples, segments)
    if not own.home then
      self.trap()
    end
    local count = core.segment_sum(core.full({ segments:rows(), 1 }, 1), segments)
    return self.map(core.segment_sum(samples, segments) / (count + 1))
  end

  for name, trap in pairs(traps) do
    library.encoders["own_" .. name] = function(options)
      local self = Encoder.new()
      self.trap = trap
      self:register("map", nn.linear { inp = options.inp, out = options.out, init = options.init })
      return self
    end
  end
end

return own
