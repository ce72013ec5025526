--- Schemas: which fields items and users have.
--
-- @module cmml
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"
local options = require "cmml.base.options"
local raise = args.error

local of_values = require "cmml.data.value_options"
local known = options.declare("data.schema", {
  { name = "item", kind = "table", default = {}, help = "fields of items" },
  { name = "user", kind = "table", default = {}, help = "fields of users" },
  of_values.unknown, of_values.min_count,
})

return function(cmml, use)
  local kinds = use "data.field_kinds"
  cmml.data.vocab, cmml.data.read_table = cmml.core.vocab, cmml.core.read_table

  -- The kind of a declared field: multi = true is another way to say "list".
  local function kind_of(name, field)
    local multi = field.multi
    if multi ~= nil and type(multi) ~= "boolean" then
      raise(("data.schema: field %s: multi must be true or false, not %s"):format(name,
        args.describe(multi)), 4)
    elseif field.kind == nil then
      return multi and "list" or "category"
    end
    local kind = args.one_of(("data.schema: field %s: kind"):format(name), field.kind,
      args.keys(kinds), 5)
    if multi ~= nil and multi ~= (kind == "list") then
      raise(("data.schema: field %s: multi = %s does not fit kind = %q; leave multi out"):format(
        name, tostring(multi), kind), 4)
    end
    return kind
  end

  -- A field with its kind and all settings of it.
  local function complete(name, field)
    local kind, given = kind_of(name, field), {}
    local settings = kinds[kind].settings
    for key, value in pairs(field) do
      if settings:find(key) then
        given[key] = value
      elseif key ~= 1 and key ~= "name" and key ~= "kind" and key ~= "multi" then
        local names = settings:names()
        table.move({ "kind", "multi" }, 1, 2, #names + 1, names)
        raise(("data.schema: field %s of kind %s has no setting %s; %s"):format(name, kind,
          plain.tostring(key), args.suggest(plain.tostring(key), names)), 3)
      end
    end
    local full = settings:check(given, 4, ("data.schema: field %s"):format(name))
    full[1], full.kind = name, kind
    return full
  end

  --- Declares the fields of items and users.
  --
  -- A field is {name, kind = .., and settings of the kind}. Kinds: "category" (the default: one
  -- value of a set), "list" (several; multi = true says the same), "number" (in deviations from the
  -- mean of what may be learnt from), "text" (the words of a text; settings limit and hash) and
  -- "vector" (a list of numbers, or one by id of a .safetensors file: setting file). Values may be
  -- missing in any record.
  -- @tparam table declaration see below
  -- @treturn table the schema, checked
  -- @usage
  -- local schema = cmml.data.schema { item = { { "genre", kind = "list" },
  --   { "price", kind = "number" }, { "title", kind = "text" } } }
  -- print(schema.item[2].kind)
  function cmml.data.schema(declaration)
    local opt = known:check(declaration)
    if opt.unknown == "learned" and opt.min_count < 2 then
      raise(("data.schema: %s needs %s of at least 2: a vector is learnt only from values that "
        .. "count as unseen in training"):format(args.option("unknown", "learned"),
        args.option "min_count"), 2)
    end
    local seen = {}
    for _, side in ipairs { "item", "user" } do
      local fields = {}
      for i, field in ipairs(opt[side]) do
        local name = type(field) == "table" and (field[1] or field.name)
        if type(name) ~= "string" or not name:find("^[0-9A-Za-z_]+$") then
          raise(("data.schema: field %d of %s must be {\"name\"}, of letters, digits and _"):format(
            i, side), 2)
        elseif seen[name] then
          raise(("data.schema: field %s is declared twice"):format(name), 2)
        end
        seen[name] = true
        fields[i] = complete(name, field)
      end
      opt[side] = fields
    end
    return opt
  end
end
