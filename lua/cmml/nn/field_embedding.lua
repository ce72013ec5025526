--- Content features: a table of vectors for each field, joined (reference: MeLU, CMML section 4.1).
--
-- A side ("item" or "user") has fields in a fixed order. The values of a field for many rows are a
-- bag: `{ids = Ids, segments = Segments or nil}`, without segments one id a row. Id 0 is a value
-- that was never seen: it counts as absent, so a row of which nothing is known gets zeros. A list
-- of bags may hold them merged, too (`bags.merged = cmml.core.merge_bags(bags)`), which saves work.
--
-- @module cmml
local declare = require("cmml.base.options").declare
local init_option = require "cmml.nn.init_option"

local known = declare("nn.field_embedding", {
  { name = "fields", kind = "table", required = true,
    help = "list of fields {name, size, multi}: multi where a row may have several values" },
  { name = "width", kind = "integer", from = 0, required = true,
    help = "size of the vector of each field" },
  { name = "mode", kind = "string", choices = { "mean", "sum" }, default = "mean",
    help = "how the vectors of several values are joined" },
  init_option,
})

return function(cmml, use)
  use "nn.module"
  local nn, core = cmml.nn, cmml.core
  local FieldEmbedding = nn.class "cmml.FieldEmbedding"

  --- The embeddings of several fields.
  --
  -- Initial values: N(0, 1) for single fields, U(-1/sqrt(size), 1/sqrt(size)) for multi-valued ones
  -- (as published).
  -- @tparam table options
  -- @treturn FieldEmbedding of (names (of the fields wanted, in order), bags (list of {ids,
  -- segments}, one a name, such as `catalogue.items.bags`), rows (Ids: the bags wanted of each, in
  -- order; nil: all)) giving [rows, width * #names]; children by field name, each an
  -- `nn.embedding`
  function cmml.nn.field_embedding(options)
    local opt = known:check(options)
    local self = FieldEmbedding.new()
    self.mean = opt.mode == "mean"
    for _, field in ipairs(opt.fields) do
      self:register(field.name, nn.embedding { size = field.size, width = opt.width,
        mode = opt.mode, normal = not field.multi, init = opt.init })
    end
    return self
  end

  local most = 31 -- fields that embedding_fields takes

  --- The joined vectors of some fields.
  -- @tparam table names of the fields, in order
  -- @tparam table bags one {ids, segments} for each of them
  -- @tparam[opt] Ids rows which rows of the bags, in order; default: all
  -- @treturn Tensor [rows, width * #names]
  function FieldEmbedding:forward(names, bags, rows)
    local tables, columns = {}, {}
    for i, name in ipairs(names) do
      tables[i] = self[name].weight
    end
    if #names <= most then
      local merged = bags.merged or core.merge_bags(bags)
      return core.embedding_fields(tables, merged.ids, merged.segments, rows, self.mean)
    end
    for i, table_ in ipairs(tables) do
      columns[i] = core.embedding_bag(table_, bags[i].ids, bags[i].segments, rows, self.mean)
    end
    return core.concat(columns)
  end
end
