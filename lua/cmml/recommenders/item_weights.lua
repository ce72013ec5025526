--- What a model learnt of single items, for another catalogue: it goes to the items with the same
-- raw id.
--
-- @module cmml.recommenders.item_weights
return function(cmml)
  local core = cmml.core

  -- Rows of a parameter by the rows of items, where 0 gets the mean row or zeros.
  local function carried(tensor, rows, from_mean)
    local columns, shape = tensor:reshape { tensor.shape[1], -1 }, tensor.shape
    local start = from_mean and tensor.count > 0 and columns:mean(1) or 0
    shape[1] = #rows
    return (core.embedding_bag(columns - start, rows) + start):reshape(shape)
  end

  --- The parameters of a model for other items.
  -- @tparam Recommender model
  -- @tparam Side items the other ones
  -- @tparam table starts which parameters have a row an item, by name, and what one begins with of
  -- which nothing was learnt: "zero", or "mean" (of all)
  -- @treturn table list of {name, tensor}
  local function item_weights(model, items, starts)
    local rows, list = {}, {}
    for row = 1, #items do
      rows[row] = model.catalogue.items:id(items:text(row)) or 0
    end
    rows = core.ids(rows)
    for i, pair in ipairs(model.module:named_parameters()) do
      local start = starts[pair[1]]
      list[i] = { pair[1], start and core.no_grad(carried, pair[2], rows, start == "mean")
        or pair[2] }
    end
    return list
  end

  return item_weights
end
