--- Schemas: which fields items and users have.
--
-- @module cmml
local options = require "cmml.base.options"
local raise = require("cmml.base.args").error

local of_values = require "cmml.data.value_options"
local known = options.declare("data.schema", {
  { name = "item", kind = "table", default = {}, help = "fields of items" },
  { name = "user", kind = "table", default = {}, help = "fields of users" },
  of_values.unknown, of_values.min_count,
})

return function(cmml)
  cmml.data.vocab, cmml.data.read_table = cmml.core.vocab, cmml.core.read_table

  --- Declares the fields of items and users.
  -- @tparam table declaration a field is {name, multi = true if a row may have several values}
  -- @treturn table the schema, checked
  function cmml.data.schema(declaration)
    local opt = known:check(declaration)
    if opt.unknown == "learned" and opt.min_count < 2 then
      raise("data.schema: unknown = \"learned\" needs min_count of at least 2: a vector is learnt "
        .. "only from values that count as unseen in training", 2)
    end
    local seen = {}
    for _, side in ipairs { "item", "user" } do
      local fields = {}
      for i, field in ipairs(opt[side]) do
        local name = type(field) == "table" and (field[1] or field.name)
        if type(name) ~= "string" or not name:find("^[%w_]+$") then
          raise(("data.schema: field %d of %s must be {\"name\"}, of letters, digits and _"):format(
            i, side), 2)
        elseif seen[name] then
          raise(("data.schema: field %s is declared twice"):format(name), 2)
        end
        for key in pairs(field) do
          if key ~= 1 and key ~= "name" and key ~= "multi" then
            raise(("data.schema: field %s has no setting %s; it may have multi"):format(name,
              tostring(key)), 2)
          end
        end
        seen[name] = true
        fields[i] = { name, multi = field.multi == true }
      end
      opt[side] = fields
    end
    return opt
  end
end
