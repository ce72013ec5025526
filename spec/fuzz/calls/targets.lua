--- What can be called: every function of the public table and of the core, and every method and
-- metamethod of the objects that valid calls were seen with.
local targets = {}

--- What is not called, and why. A name that ends in "." stands for all that it begins.
targets.left_out = {
  ["core.spawn"] = "starts a process",
  ["core.follow_process"] = "ends this process with another one",
  ["core.sleep"] = "waits",
  ["core.testing."] = "hooks for specs, which belong to no public table",
}

--- What calls a function that it is given, whose errors it passes on.
targets.calls_others = { no_grad = true, value_and_grad = true, gradcheck = true, tidy = true }

local function is_left_out(name)
  for what in pairs(targets.left_out) do
    if name == what or what:sub(-1) == "." and name:sub(1, #what) == what then
      return true
    end
  end
  return false
end

local function sorted_keys(t)
  local keys = {}
  for key in next, t do
    if type(key) == "string" then
      keys[#keys + 1] = key
    end
  end
  table.sort(keys)
  return keys
end

--- The functions of the public table, of its tables and of the core. Those of a class are its
-- methods.
-- @tparam table cmml
-- @treturn table list of { name, f }, each function once
function targets.functions(cmml)
  local list, seen = {}, {}
  local function walk(t, prefix, depth)
    if seen[t] or depth > 4 then
      return
    end
    seen[t] = true
    for _, key in ipairs(sorted_keys(t)) do
      local name, value = prefix .. key, t[key]
      if type(value) == "function" and not seen[value] and not is_left_out(name) then
        seen[value] = true
        list[#list + 1] = { name = name, f = value }
      elseif type(value) == "table" and value ~= cmml.core
        and getmetatable(value) == nil and rawget(value, "__index") == nil then
        walk(value, name .. ".", depth + 1)
      end
    end
  end
  pairs(cmml) -- loads what is seldom asked for
  walk(cmml, "", 1)
  walk(cmml.core, "core.", 1)
  return list
end

-- The methods of a class and of those that it is made from.
local function add_class(list, known, name, meta, object)
  while type(meta) == "table" and not known[meta] do
    known[meta] = true
    for _, key in ipairs(sorted_keys(meta)) do
      local value = rawget(meta, key)
      if type(value) == "function" and key ~= "__gc" and key:sub(1, 1) ~= "_" or key:find "^__%l+$"
        and key ~= "__gc" and key ~= "__index" and type(value) == "function" then
        list[#list + 1] = { name = name .. ":" .. key, f = value, class = object }
      end
    end
    local index = rawget(meta, "__index")
    if type(index) == "table" and index ~= meta then
      add_class(list, known, name, index, object)
    end
    meta = debug.getmetatable(meta)
  end
end

--- The methods of objects.
-- @tparam table objects list
-- @treturn table list of { name, f, class: what methods are of, for `of_class` }
function targets.methods(objects)
  local list, known = {}, {}
  for _, object in ipairs(objects) do
    local meta = debug.getmetatable(object)
    local name = type(meta) == "table" and rawget(meta, "__name")
    local is_ours = type(object) == "table" or type(name) == "string" and name:find "^cmml"
    if type(meta) == "table" and is_ours and not known[meta] then
      add_class(list, known, type(name) == "string" and name or "object", meta, meta)
    end
  end
  return list
end

return targets
