--- Options of DCN that it has in every setting.
--
-- @module cmml.recommenders.dcn_options
local preset = "the preset's"

local everywhere = {
  { name = "cross", kind = "integer", from = 0, to = 100, group = "model", unit = "layers",
    search = "1|2|4|6", help = "number of cross layers", default_text = preset },
  { name = "deep", list = "integer", from = 1, repeats = true, may_be_empty = true,
    group = "model", search = { { 32, 32 }, { 64, 64 }, { 128, 128 } },
    help = "widths of the deep part's layers", default_text = preset },
  { name = "cross_deviation", kind = "number", from = 0, group = "model", default_text = preset,
    search = "log:0.001:1",
    help = "standard deviation of the initial weights and biases of the cross layers" },
}

--- The declarations: these and others.
-- @tparam table own further declarations
-- @treturn table list
return function(own)
  return table.move(own, 1, #own, #everywhere + 1, table.move(everywhere, 1, #everywhere, 1, {}))
end
