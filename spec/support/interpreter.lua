--- The interpreter that runs this, for processes of its own: a path, or a name on the PATH.
local first = 0
while arg and arg[first - 1] do
  first = first - 1
end
return first < 0 and arg[first] or "lua5.4"
