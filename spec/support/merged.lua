--- The fields of several tables in one, those of later ones in place of those of earlier ones.
-- @tparam table ... left as they are
-- @treturn table
return function(...)
  local all = {}
  for _, some in ipairs { ... } do
    for key, value in pairs(some) do
      all[key] = value
    end
  end
  return all
end
