--- What the options of `data.catalogue` must be, beside their kinds.
--
-- @module cmml.data.catalogue_checks
local args = require "cmml.base.args"

--- Checks them.
-- @tparam table options
-- @tparam integer level of the stack that errors point at, counted from here
return function(options, level)
  local function fail(form, ...)
    args.error("data.catalogue: " .. form:format(...), level + 1)
  end
  if not args.describe(options.items):find "^cmml%d*%.Vocab$" then
    fail("items must be a Vocab, not %s", args.describe(options.items))
  end
  local schema = options.schema
  if type(schema.item) ~= "table" or type(schema.user) ~= "table"
    or type(schema.min_count) ~= "number" then
    fail "schema must be what data.schema gives"
  end
  for _, name in ipairs { "item_records", "seen_items", "user_records" } do
    for i, record in ipairs(options[name] or {}) do
      if type(record) ~= "table" then
        fail("entry %d of %s must be a table, not %s", i, name, args.describe(record))
      end
    end
  end
end
