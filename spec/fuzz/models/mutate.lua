--- Changes of model files that know what a model file is made of: names, shapes, numbers, ids and
-- the configuration.
local archive = require "spec.fuzz.models.archive"
local copy = require "spec.support.deep_copy"
local core = require "cmml.core"

local widths = { F32 = 4, F64 = 8, F16 = 2, BF16 = 2, I32 = 4, I64 = 8, U8 = 1 }

--- A function that changes a parsed file a few times.
-- @tparam function draw of n: a whole number from 1 to n
-- @treturn function of a parsed file, giving the bytes of a changed one
return function(draw)
  local long = ("abcdefgh"):rep(131072)

  local function pick(list)
    return list[draw(#list)]
  end

  local function any(depth)
    depth = depth or 0
    return pick {
      function() return core.json_null end,
      function() return draw(2) == 1 end,
      function() return pick { 0, 1, 2, 3, -1, 7, 64, 1000, 65536, 2147483647, 2147483648,
        -2147483649, 2 ^ 53, math.maxinteger, math.mininteger } end,
      function() return pick { 0.5, -0.5, 1e308, -1e308, 5e-324, 1e19 } end,
      function() return archive.raw(pick { "1e999", "-0", "[[[[[[[[]]]]]]]]", '{"a":1,"a":2}',
        ("["):rep(300) .. ("]"):rep(300), "00", "nul" }) end,
      function() return pick { "", "a", "mean", "cmml", "users", "scenarios", "\0", "\27[31m", "1",
        "f1", "../x", "%s%n" } end,
      function() return long end,
      function() return {} end,
      function() return { object = {} } end,
      function()
        local list = {}
        for i = 1, depth < 3 and draw(4) or 0 do
          list[i] = any(depth + 1)
        end
        return list
      end,
      function() return { object = { { pick { "a", "kind", long, "" }, depth < 3 and any(depth + 1)
        or 1 } } } end,
    }()
  end

  -- All places in a JSON value: {table, key}.
  local function places(value, list)
    if type(value) == "table" and getmetatable(value) == nil then
      local inner = value.object or value
      for i, entry in ipairs(inner) do
        if value.object then
          list[#list + 1] = { entry, 2, inner, i }
          places(entry[2], list)
        else
          list[#list + 1] = { inner, i, inner, i }
          places(entry, list)
        end
      end
    end
    return list
  end

  local function change_json(value)
    local all = places(value, {})
    if #all == 0 then
      return
    end
    local at, other = pick(all), pick(all)
    local how = draw(8)
    if how == 1 then
      table.remove(at[3], at[4])
    elseif how == 2 then
      table.insert(at[3], at[4], copy(at[3][at[4]])) -- an entry, or a key, twice
    elseif how == 3 then
      at[1][at[2]] = copy(other[1][other[2]])
    elseif how == 4 and at[1] ~= at[3] then
      at[1][1] = pick { "", long, "x", "kind", "\0", at[1][1] .. "x" }
    elseif how == 5 and math.type(at[1][at[2]]) then
      at[1][at[2]] = at[1][at[2]] + pick { 1, -1, 1000000, 0.5, -at[1][at[2]] }
    else
      at[1][at[2]] = any()
    end
  end

  local changes = {
    function(file) -- the configuration, most of all
      change_json(file.config)
    end,
    function(file)
      change_json(file.config)
    end,
    function(file)
      change_json(file.config)
    end,
    function(file)
      change_json(file.metadata)
    end,
    function(file)
      file.config = pick { "", "{}", "[]", "null", "1", long, '{"kind":1}', any }
      if type(file.config) == "function" then
        file.config = any()
      end
    end,
    function(file)
      table.remove(file.entries, draw(#file.entries))
    end,
    function(file)
      local other = copy(pick(file.entries))
      other.name = pick { other.name, other.name .. "x", "model." .. long, "catalogue.x", "" }
      table.insert(file.entries, draw(#file.entries), other)
    end,
    function(file)
      pick(file.entries).name = pick { long, "", "x", "model.", "catalogue.items", "a.b",
        pick(file.entries).name }
    end,
    function(file)
      pick(file.entries).shape = pick { {}, { 0 }, { -1 }, { 1e18 }, { 2147483648, 4 },
        { 1, 1, 1, 1, 1, 1, 1 }, { 0.5 }, { "2" }, { 0, 0 }, any() }
    end,
    function(file) -- another shape of as many numbers
      local entry = pick(file.entries)
      local n = #entry.data // (widths[entry.dtype] or 1)
      entry.shape = pick { { n }, { 1, n }, { n, 1 }, { n, 1, 1 }, type(entry.shape) == "table"
        and #entry.shape == 2
        and { entry.shape[2], entry.shape[1] } or { n } }
    end,
    function(file)
      local entry = pick(file.entries)
      entry.dtype = pick { "F32", "F64", "F16", "BF16", "I32", "I64", "U8", "BOOL", "", long,
        any() }
    end,
    function(file) -- sizes that fit, of more or fewer rows
      local entry = pick(file.entries)
      local rows = type(entry.shape) == "table" and math.tointeger(entry.shape[1])
      if rows and rows > 0 and #entry.data % rows == 0 then
        local row = #entry.data // rows
        local n = pick { 0, rows - 1, rows + 1, 2 * rows }
        entry.data = (entry.data:rep(2) .. ("\0"):rep(row)):sub(1, n * row)
        entry.shape[1] = n
      end
    end,
    function(file) -- numbers: ids out of range, not finite ones, random bytes
      local entry = pick(file.entries)
      local width = widths[entry.dtype] or 1
      if #entry.data >= width then
        local at = (draw(#entry.data // width) - 1) * width
        local form = ({ F32 = "<f", F64 = "<d", I32 = "<i4", I64 = "<i8" })[entry.dtype]
        local number = form and form:find "[fd]" and pick { 0 / 0, math.huge, -math.huge, 1e38,
          -1e38, 0.0 } or pick { 0, -1, 1, 2147483647, -2147483648, 100000 }
        local bytes = form and form:pack(number)
          or ("%c"):format(draw(256) - 1):rep(width)
        entry.data = entry.data:sub(1, at) .. bytes .. entry.data:sub(at + width + 1)
      end
    end,
    function(file) -- texts of a vocabulary
      local entry = pick(file.entries)
      if entry.dtype == "U8" then
        entry.data = pick { "", "\0", ("\n"):rep(#entry.data), long, entry.data .. "x" }
        entry.shape = { #entry.data }
      end
    end,
    function(file)
      pick(file.entries).offsets = pick { { 0, 0 }, { -8, 8 }, { 8, 0 }, { 0, 1e18 }, { 0.5, 2 },
        any() }
    end,
    function(file)
      file.length = pick { 0, 1, 2, 8, 100, 16777216, 16777217, 2147483647, math.maxinteger, -1 }
    end,
    function(file)
      table.sort(file.entries, function(a, b)
        return tostring(a.name) > tostring(b.name)
      end)
    end,
  }

  return function(parsed)
    local file = copy(parsed)
    for _ = 1, math.max(1, draw(4) - 1) do
      if #file.entries > 0 then
        pick(changes)(file)
      end
    end
    local bytes = archive.bytes(file)
    if draw(40) == 1 then
      bytes = bytes:sub(1, draw(#bytes))
    end
    return bytes
  end
end
