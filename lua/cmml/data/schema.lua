--- Schemas: which fields items and users have.
--
-- @module cmml
local args = require "cmml.base.args"
local error = args.error

return function(cmml)
  cmml.data.vocab, cmml.data.read_table = cmml.core.vocab, cmml.core.read_table

  --- Declares the fields of items and users.
  -- @tparam table declaration item and user: lists of {name, multi = true if a row may have several
  -- values}; unknown: "zero" (an unseen value counts as absent, the default) or "learned" (it has a
  -- vector of its own); min_count: values seen fewer times count as unseen (default 1)
  -- @treturn table the schema, checked
  function cmml.data.schema(declaration)
    local opt = args.check("schema", declaration, { item = { "table", {} }, user = { "table", {} },
      unknown = { "string", "zero" }, min_count = { "integer", 1 } })
    args.one_of("schema: unknown", opt.unknown, { "zero", "learned" })
    if opt.unknown == "learned" and opt.min_count < 2 then
      error("schema: unknown = \"learned\" needs min_count of at least 2: a vector is learnt only "
        .. "from values that count as unseen in training", 2)
    end
    local seen = {}
    for _, side in ipairs { "item", "user" } do
      local fields = {}
      for i, field in ipairs(opt[side]) do
        local name = type(field) == "table" and (field[1] or field.name)
        if type(name) ~= "string" or not name:find("^[%w_]+$") then
          error(("schema: field %d of %s must be {\"name\"}, of letters, digits and _"):format(
            i, side), 2)
        elseif seen[name] then
          error(("schema: field %s is declared twice"):format(name), 2)
        end
        for key in pairs(field) do
          if key ~= 1 and key ~= "name" and key ~= "multi" then
            error(("schema: field %s has no setting %s; it may have multi"):format(name,
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
