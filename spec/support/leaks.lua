--- Memory of cores that a spec file does not give back.
local assert = require "luassert"

local leaks = {}

-- Blocks that cores hold once all garbage is gone.
local function blocks_of(cores)
  local blocks = 0
  for _, core in ipairs(cores) do
    core.full({ 1 }, 0):free() -- what is kept from the first call on is there then
  end
  collectgarbage()
  collectgarbage()
  for _, core in ipairs(cores) do
    blocks = blocks + core.memory().blocks
  end
  return blocks
end

--- Fails where cores hold more or fewer blocks after the last test than before the first.
-- @tparam function setup of the block
-- @tparam function teardown of the block
-- @tparam table ... cores
function leaks.around(setup, teardown, ...)
  local cores, blocks = { ... }, nil
  setup(function()
    blocks = blocks_of(cores)
  end)
  teardown(function()
    assert.equal(blocks, blocks_of(cores))
  end)
end

return leaks
