--- Values of every kind and shape for arguments, right and wrong ones, and changes of valid ones.
-- Names of files are those of the working folder alone.
local values = {}

--- What errors that a value itself raises say: they are nobody's fault.
values.deliberate = "a deliberate error"

local function raise()
  error(values.deliberate, 0)
end

-- A table whose metamethods raise.
local function hostile()
  local meta = {}
  for _, name in ipairs { "__index", "__newindex", "__len", "__pairs", "__call", "__tostring",
    "__concat", "__unm", "__add", "__eq", "__lt", "__le" } do
    meta[name] = raise
  end
  return setmetatable({}, meta)
end

local long = ("a long text "):rep(90000)

-- Texts: names of files, of options and kinds, odd ones. None leads out of the folder.
local texts = { "", "a", "f1", "p1", "tag1", "u1", "i1", "ratings.csv", "model.safetensors",
  "ratings.dat", "missing.csv", "folder", "folder/missing.safetensors", "mae", "ndcg_exp@3",
  "sum", "mean", "relu", "cmml", "users", "scenarios", "recommended", "float32", "1", "-1",
  "1e999", "nan", "%s%d%n", "%", "[", "a,b", "a:b", "user", "item", "rating", "\0", "a\0b",
  "\xff\xfe", "\xC3", "\27[31m", "\n", " ", "__index", "__gc", "utf-8", "item_user_mean", "{}",
  "[[[[1]]]]", "null", long }

local numbers = { 0, 1, 2, 3, 5, -1, -2, 0.5, -0.5, 1.5, 0 / 0, math.huge, -math.huge, 1e308,
  -1e308, 5e-324, 0.0, -0.0, 3.0, 64, 65, 100, 255, 256, 1000, 65535, 65536, 1000000, 2147483646,
  2147483647, 2147483648, -2147483648, -2147483649,
  4294967295, 4294967296, 2 ^ 53, 2 ^ 53 + 1, 2 ^ 62, 2 ^ 63,
  math.maxinteger, math.mininteger, 1e18, 1e19 }

--- A source of values.
-- @tparam function draw of n: a whole number from 1 to n
-- @tparam table cmml
-- @tparam table objects list of objects of the library, which fresh ones are added to
-- @treturn table value, mutate
function values.source(draw, cmml, objects)
  local core, source = cmml.core, {}

  local function pick(list)
    return list[draw(#list)]
  end

  local function numbers_list(n)
    local list = {}
    for i = 1, n do
      list[i] = pick(numbers)
    end
    return list
  end

  local function small_list(n, most)
    local list = {}
    for i = 1, n do
      list[i] = draw(most) - 1
    end
    return list
  end

  local function freed(object, method)
    object[method](object)
    return object
  end

  -- Objects of the core of odd shapes.
  local fresh = {
    function()
      return core.full(small_list(draw(4) - 1, 4), pick(numbers))
    end,
    function()
      return core.uniform({ draw(4), draw(4) }, -1, 1):track()
    end,
    function()
      return core.full({ 3, 0 }, 1)
    end,
    function()
      return core.full({ 3, 1 }, 1):expand { 3, 4 }
    end,
    function()
      return core.uniform({ 3, 4 }, -1, 1):permute { 2, 1 }
    end,
    function()
      return freed(core.full({ 2 }, 1), "free")
    end,
    function()
      return core.ids(small_list(draw(6) - 1, 6))
    end,
    function()
      return core.segments(small_list(draw(5) - 1, 4))
    end,
    function()
      local vocab = core.vocab()
      for i = 1, draw(3) do
        vocab:add("f" .. i)
      end
      return vocab
    end,
    function()
      return core.optimizer { core.uniform({ 2, 2 }, -1, 1):track() }
    end,
    function()
      return freed(core.optimizer { core.uniform({ 2 }, -1, 1):track() }, "free")
    end,
  }

  local makers
  makers = {
    function()
      return nil
    end,
    function()
      return pick(numbers)
    end,
    function()
      return draw(9) - 3
    end,
    function()
      return pick(texts)
    end,
    function()
      return draw(2) == 1
    end,
    function()
      return {}
    end,
    function()
      return numbers_list(draw(4))
    end,
    function()
      return small_list(draw(5) - 1, 5)
    end,
    function(depth)
      local list = {}
      for i = 1, draw(4) do
        list[i] = source.value(depth + 1)
      end
      return list
    end,
    function(depth) -- with a hole, and a key that is none of a list
      return { source.value(depth + 1), nil, source.value(depth + 1), [pick(texts)] =
        source.value(depth + 1) }
    end,
    function()
      return { [2 ^ 53] = 1, [-1] = 2, [1.5] = 3 }
    end,
    function() -- contains itself
      local list = { 1 }
      list[2] = list
      return list
    end,
    function()
      return hostile()
    end,
    function()
      return setmetatable({}, { __index = function(_, key)
        return key
      end, __name = pick { "Module", "Catalogue", "Model" } })
    end,
    function()
      return setmetatable({}, { __metatable = false })
    end,
    function()
      return raise
    end,
    function()
      return pick { print, math.abs, string.rep, next, function() end, function(...)
        return ...
      end, function()
        return source.value(2)
      end }
    end,
    function()
      return coroutine.create(raise)
    end,
    function()
      return pick { io.stdout, core.json_null, debug.getregistry().nothing }
    end,
    function()
      local made = pick(fresh)()
      objects[#objects + 1] = #objects < 300 and made or nil
      return made
    end,
    function()
      return #objects > 0 and pick(objects) or nil
    end,
  }
  -- Objects of the library are what most arguments are.
  for _ = 1, 5 do
    makers[#makers + 1] = makers[#makers]
  end

  --- Any value.
  -- @tparam[opt=0] integer depth of the table that it goes into
  -- @return
  function source.value(depth)
    depth = depth or 0
    return depth > 3 and pick(numbers) or pick(makers)(depth)
  end

  local function copy(value, depth)
    if type(value) ~= "table" or getmetatable(value) ~= nil or depth > 4 then
      return value
    end
    local other = {}
    for key, inner in next, value do
      other[key] = copy(inner, depth + 1)
    end
    return other
  end

  local function keys_of(t)
    local keys = {}
    for key in next, t do
      keys[#keys + 1] = key
    end
    table.sort(keys, function(a, b) -- for the same run again
      return tostring(a) < tostring(b)
    end)
    return keys
  end

  local function mutated(value, depth)
    local kind = math.type(value) or type(value)
    local how = draw(6)
    if kind == "table" and getmetatable(value) == nil and depth < 4 and how > 1 then
      local keys = keys_of(value)
      if #keys == 0 or how == 2 then
        value[pick { 1, #value + 1, #value + 3, "x", pick(texts), draw(9) }] = source.value(1)
      elseif how == 3 then
        value[pick(keys)] = nil
      else
        local key = pick(keys)
        value[key] = mutated(value[key], depth + 1)
      end
      return value
    elseif (kind == "integer" or kind == "float") and how > 3 then
      return value + pick { -1, 1, 0.5, -value, 2 ^ 31, 1e300, value }
    elseif kind == "string" and how > 4 then
      return pick { value .. "x", value .. "\0", value:sub(2), value:upper(),
        value:sub(1, 3) .. long }
    end
    return source.value(depth)
  end

  --- A changed copy of the arguments of a call.
  -- @tparam table args with n
  -- @tparam boolean keep_first the first is the object of a method
  -- @treturn table with n
  function source.mutate(args, keep_first)
    local other = { n = args.n }
    for i = 1, args.n do
      other[i] = copy(args[i], 0)
    end
    local first = keep_first and 2 or 1
    for _ = 1, draw(3) - 1 do
      local at = first - 1 + draw(math.max(args.n - first + 2, 1))
      other[at] = mutated(other[at], 0)
      other.n = math.max(other.n, at)
    end
    return other
  end

  --- Arguments of no valid call.
  -- @tparam table own the object of a method, or {}
  -- @treturn table with n
  function source.arguments(own)
    local other = { table.unpack(own) }
    local n = #own + draw(5) - 1
    for i = #own + 1, n do
      other[i] = source.value()
    end
    other.n = n
    return other
  end

  return source
end

return values
