--- Options of CMML that it has in every setting: those of its network, whose defaults are its
-- preset's.
--
-- @module cmml.recommenders.cmml_options
local known = require "cmml.network.network_options"
local options = require "cmml.base.options"

-- Where the biases start of the components that are the preset's.
local function kept_starts(starts, given, preset)
  if given.bias_start ~= nil then
    return given.bias_start
  end
  local kept = {}
  for part, value in pairs(starts or {}) do
    local kind = part == "encoder" and "encoder" or "modulation"
    if not given[kind] or given[kind] == preset[kind] then
      kept[part] = value
    end
  end
  return next(kept) and kept or nil
end

-- What differs from the network's declaration, of every option and by option.
local every = { default = false, default_text = "the preset's", group = "model" }
local changes = {
  encoder = { short = true }, hybrid = { short = true }, modulation = { short = true },
  encoder_options = { belongs_to = "encoder" }, hybrid_options = { belongs_to = "hybrid" },
  modulation_options = { belongs_to = "modulation" },
  bias_start = { inherit = kept_starts, tunable = false },
}

local everywhere = { "encoder", "hybrid", "modulation", "encoder_options", "hybrid_options",
  "modulation_options", "encoder_widths", "encoder_detach", "backbone", "hyper", "activation",
  "bias_start", "context_shrink" }

--- The declarations: options of the network that every CMML has, and others.
-- @tparam {string,...} names of further options of the network
-- @tparam table own declarations of options that are not the network's
-- @treturn table list
return function(names, own)
  local list = {}
  for _, some in ipairs { everywhere, names } do
    for _, name in ipairs(some) do
      list[#list + 1] = options.changed(known:find(name), every, changes[name])
    end
  end
  return table.move(own, 1, #own, #list + 1, list)
end
