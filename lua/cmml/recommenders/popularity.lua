--- Simple rivals of the scenario setting behind the interface of recommenders: what any model has
-- to beat.
--
-- @module cmml
local raise = require("cmml.base.args").error

return function(cmml)
  local core = cmml.core
  local SupportPopularity = cmml.scenario_recommender_class("support_popularity",
    "popularity in the support")
  local Popularity = cmml.scenario_recommender_class("popularity", "popularity")
  local CfScore = cmml.scenario_recommender_class("cf_score", "CF score")

  -- kind, class, whether it reads vectors
  for _, entry in ipairs { { "support_popularity", SupportPopularity },
    { "popularity", Popularity }, { "cf_score", CfScore, true } } do
    local kind, class, reads_vectors = table.unpack(entry)

    --- A recommender that has nothing to learn. `support_popularity`: the score of an item is how
    -- often it stands among the positives of the support ("ItemPop"). `popularity`: how many users
    -- took it, as the catalogue counts them, until `fit` counts anew; the same in every scenario.
    -- `cf_score`: the product of the vectors of user and item, the same in every scenario.
    -- @tparam ScenarioCatalogue|Vectors catalogue with vectors for `cf_score`
    -- @treturn Recommender
    cmml[kind] = function(catalogue)
      catalogue = cmml.as_scenario_catalogue(kind, catalogue)
      if reads_vectors and not catalogue.vectors then
        raise(kind .. ": the catalogue has no vectors", 2)
      end
      return setmetatable({ catalogue = catalogue, options = {} }, class)
    end

    --- What a model file keeps beside the catalogue: nothing.
    -- @treturn table
    function class.tensors()
      return {}
    end

    --- The recommender of a model file.
    -- @tparam ScenarioCatalogue catalogue
    -- @treturn Recommender
    function class.restore(catalogue)
      return cmml[kind](catalogue)
    end
  end

  --- The supports of several tasks.
  -- @tparam table support segments, items (Ids), labels [rows]
  -- @treturn table the state for `score_rows`
  function SupportPopularity.adapt_rows(_, support)
    return { support = support }
  end

  --- Scores of rows.
  -- @tparam table state what `adapt_rows` gave
  -- @tparam Ids items
  -- @tparam Segments segments which rows belong to which task
  -- @treturn Tensor [rows]
  function SupportPopularity.score_rows(_, state, items, segments)
    return core.support_counts(state.support, items, segments)
  end

  --- Nothing: the vectors know all.
  -- @treturn table
  function CfScore.adapt_rows()
    return {}
  end

  --- Scores of rows.
  -- @tparam table _
  -- @tparam Ids items
  -- @tparam Segments _
  -- @tparam Ids users of the rows
  -- @treturn Tensor [rows]
  function CfScore:score_rows(_, items, _, users)
    local vectors = self.catalogue.vectors
    return core.row_dot(vectors.users:gather_rows(users), vectors.items:gather_rows(items))
  end

  --- Counts.
  -- @tparam table taken who took what: users (Segments), items (Ids)
  function Popularity:fit(taken)
    local catalogue = self.catalogue
    self.catalogue = cmml.scenarios.catalogue { users = catalogue.users, items = catalogue.items,
      titles = catalogue.titles, vectors = catalogue.vectors, interactions = taken }
  end

  --- Nothing: an item's popularity is the same everywhere.
  -- @treturn table
  function Popularity.adapt_rows()
    return {}
  end

  --- Scores of rows.
  -- @tparam table _
  -- @tparam Ids items
  -- @treturn Tensor [rows]
  function Popularity:score_rows(_, items)
    return self.catalogue.counts:gather_rows(items)
  end

  --- The rivals of a split, ready to be evaluated.
  -- @tparam ?Vectors vectors made of the split's background; without there is no CF score
  -- @treturn table list of recommenders: support_popularity, popularity (of all that is known),
  -- cf_score
  function cmml.scenarios.Split:rivals(vectors)
    local catalogue = self:catalogue(vectors)
    local popularity = cmml.popularity(catalogue)
    popularity:fit(self.known)
    return { cmml.support_popularity(catalogue), popularity, vectors and cmml.cf_score(catalogue) }
  end
end
