--- A model that reads content features over other items.
--
-- @module cmml

local members = require "cmml.recommenders.members"

return function(_, use)
  local item_neighbours = use "recommenders.item_neighbours"
  local item_weights = use "recommenders.item_weights"

  --- The same weights over other items, such as new ones of which the fields are known (see
  -- `Catalogue:with_items`).
  -- @tparam Recommender self whose module may have a `base` (see `factor_base`)
  -- @tparam Catalogue catalogue
  -- @treturn Recommender
  return function(self, catalogue)
    local view, of_items = catalogue:in_terms_of(self.catalogue, "over"), {}
    local networks, prefixes = members.of(self.module)
    for i, network in ipairs(networks) do
      for name, start in pairs(network.base and network.base:new_items() or {}) do
        of_items[prefixes[i] .. "base." .. name] = start
      end
    end
    local entries, own = item_weights(self, view.items, of_items), self.neighbours
    for _, pair in ipairs(own and item_neighbours.new(#view.items, own.options):tensors() or {}) do
      entries[#entries + 1] = { "neighbours." .. pair[1], pair[2] }
    end
    local other = self.restore(view, self.options, entries)
    other.neighbours = own and own:over(self.catalogue.items, view.items)
    return other
  end
end
