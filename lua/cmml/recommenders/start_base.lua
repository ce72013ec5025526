--- What comes before the training of a kind that may have a factor base, or neighbours.
--
-- @module cmml

local members = require "cmml.recommenders.members"

return function()
  --- A base starts from the ratings of the training users, and neighbours are found in them. A
  -- model that was trained or loaded stays as it is.
  -- @tparam Recommender self whose module, and its members, may have a `base` (see
  -- `factor_base`), and which itself may have `neighbours` (see `item_neighbours`)
  -- @tparam table data of `train`
  return function(self, data)
    for i, member in ipairs(self.fresh and members.of(self.module) or {}) do
      if member.base then
        member.base:start(self.catalogue, data.ratings, data.train, self.fresh.seed + i - 1)
      end
    end
    if self.fresh and self.neighbours then
      self.neighbours:fit(self.catalogue, { ratings = data.ratings, users = data.train })
    end
    self.fresh = nil
  end
end
