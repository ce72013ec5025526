-- The verdict on a case that has been computed.
local compare = require "spec.support.golden.compare"

-- What a kind left over; a list of complaints.
local function leftovers(case)
  local list = {}
  for key in pairs(case.config) do
    if not case.read[key] then
      list[#list + 1] = ("config key %s is not known to this kind"):format(key)
    end
  end
  for name in pairs(case.tensors) do
    local family = name:match "^%a+"
    if family == "param" or family == "input" then
      if not case.used[name] then
        list[#list + 1] = name .. " was not used"
      end
    elseif family ~= "output" and family ~= "grad" and name ~= "loss" then
      list[#list + 1] = name .. " is no name of the format"
    elseif case.computed[name] == nil then
      list[#list + 1] = name .. " was not checked"
    end
  end
  for name in pairs(case.computed) do
    if not case.tensors[name] then
      list[#list + 1] = name .. " is missing"
    end
  end
  table.sort(list)
  return list
end

--- Compares all that a case's kind computed with all that is stored.
-- @tparam Case case
-- @treturn table complaints, empty if all is well
-- @treturn integer how many tensors agree
-- @treturn number the largest error as a share of what is allowed
return function(case)
  local zero = {}
  for _, name in ipairs(case:option("zero_by_structure", {})) do
    zero[name] = true
  end
  local complaints = leftovers(case)
  for name in pairs(zero) do
    if case.computed[name] == nil then
      complaints[#complaints + 1] = ("zero_by_structure names %s, which is not there"):format(name)
    end
  end
  local worst, count = 0, 0
  for _, name in ipairs(case:names "") do
    if case.computed[name] ~= nil then
      local share, why = compare.agree(case.computed[name], case.tensors[name], case.tolerance,
        zero[name])
      if share then
        worst, count = math.max(worst, share), count + 1
      else
        complaints[#complaints + 1] = name .. " " .. why
      end
    end
  end
  return complaints, count, worst
end
