--- Options of DCN that it has in every setting.
--
-- @module cmml.recommenders.dcn_options
local preset = "the preset's"

local everywhere = {
  { name = "cross", kind = "integer", from = 0, to = 100, group = "model", unit = "layers",
    help = "number of cross layers", default_text = preset },
  { name = "deep", list = "integer", from = 1, repeats = true, may_be_empty = true,
    group = "model", help = "widths of the deep part's layers", default_text = preset },
  { name = "cross_deviation", kind = "number", from = 0, group = "model", default_text = preset,
    help = "standard deviation of the initial weights and biases of the cross layers" },
}

--- The declarations: these and others.
-- @tparam table own further declarations
-- @treturn table list
return function(own)
  return table.move(own, 1, #own, #everywhere + 1, table.move(everywhere, 1, #everywhere, 1, {}))
end
