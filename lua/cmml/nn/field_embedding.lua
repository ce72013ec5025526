--- Content features: a vector for each field, joined (reference: MeLU, CMML section 4.1).
--
-- A side ("item" or "user") has fields in a fixed order. The values of a field for many rows are a
-- bag: `{ids = Ids, segments = Segments or nil}`, without segments one id a row, which are looked
-- up in a table of vectors; or numbers: `{values = Tensor [rows, inputs]}`, which a linear map
-- takes to a vector. Id 0 is a value that was never seen: it counts as absent, so a row of which
-- nothing is known gets zeros. A list of bags may hold those of ids merged, too (`bags.merged =
-- cmml.core.merge_bags(bags of ids)`), which saves work.
--
-- @module cmml
local args = require "cmml.base.args"
local declare = require("cmml.base.options").declare
local init_option = require "cmml.nn.init_option"

local known = declare("nn.field_embedding", {
  { name = "fields", kind = "table", required = true,
    help = "list of fields {name, size, multi}: multi where a row may have several values; or "
      .. "{name, inputs}: how many numbers a row has" },
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

  -- The name under which a field's module is registered: its own, but for names that modules have
  -- as methods.
  local function free_name(self, name)
    while self[name] ~= nil do
      name = name .. "_"
    end
    return name
  end

  -- The linear map of a field of numbers. What the last of them, which says that the others are
  -- missing, adds begins with 0: before it was learnt a missing value counts as the mean.
  local function linear_map(field, opt)
    local map = nn.linear { inp = field.inputs, out = opt.width, init = opt.init }
    local keep = {}
    for i = 1, field.inputs do
      keep[i] = i < field.inputs and 1 or 0
    end
    cmml.no_grad(function()
      map.weight:copy_(map.weight * core.tensor(keep))
    end)
    return map
  end

  --- The embeddings of several fields.
  --
  -- Initial values: N(0, 1) for single fields, U(-1/sqrt(size), 1/sqrt(size)) for multi-valued ones
  -- (as published); for numbers those of `nn.linear`, but 0 for the last, which marks missing ones.
  -- @tparam table options
  -- @treturn FieldEmbedding of (names (of the fields wanted, in order), bags (list of {ids,
  -- segments} or {values}, one a name, such as `catalogue.items.bags`), rows (Ids: the bags wanted
  -- of each, in order; nil: all)) giving [rows, width * #names]; children by field name, each an
  -- `nn.embedding` or an `nn.linear`
  function cmml.nn.field_embedding(options)
    local opt = known:check(options)
    local self = FieldEmbedding.new()
    self.is_mean, self.of_field = opt.mode == "mean", {}
    for f, field in ipairs(opt.fields) do
      if type(field) ~= "table" or type(field.name) ~= "string" then
        args.error(("nn.field_embedding: field %d must be a table with a name"):format(f), 2)
      end
      local module = field.inputs and linear_map(field, opt) or nn.embedding { size = field.size,
        width = opt.width, mode = opt.mode, normal = not field.multi, init = opt.init }
      self.of_field[field.name] = self:register(free_name(self, field.name), module)
    end
    return self
  end

  local most = 31 -- fields that embedding_fields takes

  -- The vectors of ids in some tables, added to a list.
  local function look_up(self, tables, of_ids, merged, rows, columns)
    if #tables > 0 and #tables <= most then
      merged = merged or core.merge_bags(of_ids)
      columns[1] = core.embedding_fields(tables, merged.ids, merged.segments, rows, self.is_mean)
      return
    end
    for i, table_ in ipairs(tables) do
      columns[i] = core.embedding_bag(table_, of_ids[i].ids, of_ids[i].segments, rows, self.is_mean)
    end
  end

  --- The joined vectors of some fields: those of ids in their order, then those of numbers.
  -- @tparam table names of the fields, in order
  -- @tparam table bags one {ids, segments} or {values} for each of them
  -- @tparam[opt] Ids rows which rows of the bags, in order; default: all
  -- @treturn Tensor [rows, width * #names]
  function FieldEmbedding:forward(names, bags, rows)
    local tables, of_ids, columns = {}, {}, {}
    for i, name in ipairs(names) do
      if not bags[i].values then
        tables[#tables + 1], of_ids[#of_ids + 1] = self.of_field[name].weight, bags[i]
      end
    end
    look_up(self, tables, of_ids, bags.merged, rows, columns)
    for i, name in ipairs(names) do
      local values = bags[i].values
      if values then
        columns[#columns + 1] = self.of_field[name](rows and core.embedding_bag(values, rows)
          or values)
      end
    end
    return #columns == 1 and columns[1] or core.concat(columns)
  end
end
