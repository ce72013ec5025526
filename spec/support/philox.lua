-- Philox 4x32-10 in plain Lua (Salmon et al. 2011), checked in rng_spec.lua against the answers
-- that its authors publish.
local philox = {}

--- Four words of 32 bits from a counter of four words and a key of two.
function philox.block(counter, key)
  local c0, c1, c2, c3 = table.unpack(counter)
  local k0, k1 = table.unpack(key)
  for _ = 1, 10 do
    local p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2 -- below 2^64: integers wrap, bits are right
    c0, c1, c2, c3 = p1 >> 32 ~ c1 ~ k0, p1 & 0xffffffff, p0 >> 32 ~ c3 ~ k1, p0 & 0xffffffff
    k0, k1 = k0 + 0x9E3779B9 & 0xffffffff, k1 + 0xBB67AE85 & 0xffffffff
  end
  return { c0, c1, c2, c3 }
end

--- n numbers of 32 bits under a key, as csrc/base/rng.h lays out counter and key.
function philox.words(n, key)
  local list = {}
  for block = 0, (n + 3) // 4 - 1 do
    local four = philox.block({ block, key.stream or 0, key.epoch or 0, key.task or 0 },
      { (key.seed or 0) & 0xffffffff, (key.seed or 0) >> 32 })
    table.move(four, 1, 4, #list + 1, list)
  end
  return list
end

return philox
