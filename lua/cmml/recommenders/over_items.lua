--- A model that reads content features over other items.
--
-- @module cmml

return function(_, use)
  local item_weights = use "recommenders.item_weights"

  --- The same weights over other items, such as new ones of which the fields are known (see
  -- `Catalogue:with_items`).
  -- @tparam Recommender self whose module may have a `base` (see `factor_base`)
  -- @tparam Catalogue catalogue
  -- @treturn Recommender
  return function(self, catalogue)
    local view, of_items = catalogue:in_terms_of(self.catalogue, "over"), {}
    for name, start in pairs(self.module.base and self.module.base:new_items() or {}) do
      of_items["base." .. name] = start
    end
    return self.restore(view, self.options, item_weights(self, view.items, of_items))
  end
end
