--- Every instruction set that this machine has, in turn.

--- Calls f with the name of each set of kernels while a core uses it; in the end the core uses what
-- it did before.
-- @tparam table core
-- @tparam function f
return function(core, f)
  local before = core.kernels()
  for _, name in ipairs { "base", "avx2", "avx512" } do
    if pcall(core.kernels, name) then
      local ok, message = pcall(f, name)
      core.kernels(before)
      assert(ok, message)
    end
  end
end
