--- Blocks of memory that cores hold once all garbage is gone: a spec file notes them before its
-- first test and compares after its last.
return function(...)
  local blocks = 0
  for _, core in ipairs { ... } do
    core.full({ 1 }, 0):free() -- what is kept from the first call on is there then
  end
  collectgarbage()
  collectgarbage()
  for _, core in ipairs { ... } do
    blocks = blocks + core.memory().blocks
  end
  return blocks
end
