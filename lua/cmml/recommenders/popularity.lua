--- Baselines of the setting scenarios: what any model that ranks has to beat.
--
-- @module cmml
return function(cmml, use)
  local core = cmml.core
  use "recommenders.kind"

  local function nothing()
    return {}
  end

  cmml.kind {
    name = "cf_score", title = "CF score", settings = { "scenarios" }, learns = "none",
    source = "the product of the vectors of user and item, the same in every scenario",
    baseline = 1, needs = { vectors = true }, make = nothing, adapt = nothing,
    score = function(self, _, rows)
      local users, items = self.catalogue.users.vectors.cf, self.catalogue.items.vectors.cf
      return core.row_dot(users:gather_rows(rows.users), items:gather_rows(rows.items))
    end,
  }

  -- Fitting counts anew, by what may be learnt from; a file has the counts in its catalogue.
  cmml.kind {
    name = "popularity", title = "popularity", settings = { "scenarios" }, learns = "fit",
    source = "how many users took an item, the same in every scenario", baseline = 2,
    make = nothing, adapt = nothing,
    fit = function(self, data)
      self.catalogue = self.catalogue:with_counts(data.ratings)
    end,
    score = function(self, _, rows)
      return self.catalogue.items.counts:gather_rows(rows.items)
    end,
    tensors = nothing,
    restore = function(catalogue)
      return cmml.recommenders.popularity(catalogue)
    end,
  }

  cmml.kind {
    name = "support_popularity", title = "support popularity", settings = { "scenarios" },
    source = "ItemPop: how often an item stands among the positives of the support",
    learns = "none", baseline = 3, make = nothing,
    adapt = function(_, support)
      return { support = support }
    end,
    score = function(_, state, rows)
      return core.support_counts(state.support, rows.items, rows.segments)
    end,
  }

  --- The baselines of a split, ready to be evaluated.
  -- @tparam ?Vectors vectors made of the split's background; without there is no CF score
  -- @treturn table list of recommenders: support_popularity, popularity (of all that is known),
  -- cf_score
  function cmml.scenarios.Split:rivals(vectors)
    local catalogue = self:catalogue(vectors)
    local popularity = cmml.recommenders.popularity(catalogue)
    popularity:fit { ratings = self.known, users = {} }
    return { cmml.recommenders.support_popularity(catalogue), popularity,
      vectors and cmml.recommenders.cf_score(catalogue) }
  end
end
