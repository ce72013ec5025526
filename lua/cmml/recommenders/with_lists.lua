--- A model of two parts: one predicts ratings, one over the same catalogue makes lists.
--
-- What is asked for decides which of them answers: `predict` the former, `recommend`, `explain` and
-- evaluation that ranks the latter (`Recommender:lister`). Both adapt to the same support, and are
-- saved in one file, which has the catalogue once.
--
-- @module cmml
local args = require "cmml.base.args"
local raise = args.error

return function(cmml, use)
  use "recommenders.recommender"
  use "data.catalogue_file"
  local with_lists = {}

  -- Whether what catalogues export is the same, their tensors to the last bit.
  local function is_same(a, b)
    if a == b then
      return true
    end
    local mine, schema = a:export()
    local theirs, other_schema = b:export()
    if #mine ~= #theirs or not args.equal(schema, other_schema) then
      return false
    end
    for i, entry in ipairs(mine) do
      local x, y = entry.value, theirs[i].value
      local tensors = cmml.is_tensor(x) and cmml.is_tensor(y)
      if entry.name ~= theirs[i].name
        or tensors and not args.equal({ x.shape, x:totable() }, { y.shape, y:totable() })
        or not tensors and not args.equal(x, y) then
        return false
      end
    end
    return true
  end

  local function copy_of(model)
    local copy = {}
    for key, value in pairs(model) do
      copy[key] = value
    end
    return setmetatable(copy, getmetatable(model))
  end

  -- Raises a plain message where two recommenders are no two parts of one.
  local function check(model, lists)
    if model.predicts ~= "ratings" then
      raise(("%s predicts no ratings, and makes lists itself"):format(
        args.with_article(model.kind)), 0)
    elseif lists.predicts ~= "ranking" or lists.lists then
      raise(("a %s predicts ratings: lists are made by a kind that ranks, such as cmml_lists or "
        .. "ease"):format(lists.kind), 0)
    elseif lists.setting ~= model.setting then
      raise(("%s is for %s, but the model for %s"):format(tostring(lists), lists.setting.title,
        model.setting.title), 0)
    end
  end

  --- Both in one, over one catalogue; raises plain messages where they do not go together.
  -- @tparam Recommender model
  -- @tparam Recommender lists over the same catalogue
  -- @treturn Recommender
  function with_lists.join(model, lists)
    check(model, lists)
    local both = copy_of(model)
    both.lists = lists
    return both
  end

  --- A recommender that predicts ratings by one model and makes lists by another, in one file: its
  -- `predict` gives what `model` does, `recommend`, `recommend_all`, `explain` and `evaluate` of
  -- lists (rank) what `lists` does, and lists have the expected ratings beside the scores. The
  -- weights are those of the two, not copies.
  -- @tparam Recommender model of a kind that predicts ratings; what makes its lists so far, if
  -- anything does, is left out
  -- @tparam ?Recommender lists of a kind that ranks, which has learnt over the same catalogue; nil:
  -- the model alone
  -- @treturn Recommender its field lists is the latter
  -- @usage
  -- local lists = cmml.recommenders.ease(data.catalogue)
  -- lists:fit(lists.setting.learnable(data))
  -- local both = cmml.with_lists(model, lists)
  -- for _, film in ipairs(both:adapt({ { "15", 5 } }):recommend { n = 3 }) do
  --   print(film.item, film.score, film.expected)
  -- end
  function cmml.with_lists(model, lists)
    for i, one in ipairs { model or false, lists } do
      if type(one) ~= "table" or not one.adapt_rows or not one.catalogue then
        raise(("with_lists: %s must be a recommender, not %s"):format(i == 1 and "the model"
          or "what makes lists", args.describe(one)), 2)
      end
    end
    if lists == nil then
      local alone = copy_of(model)
      alone.lists = nil
      return alone
    end
    local ok, problem = pcall(check, model, lists)
    if not ok then
      raise("with_lists: " .. problem, 2)
    elseif not is_same(model.catalogue, lists.catalogue) then
      raise("with_lists: the two know other items, fields or scales of ratings: train both on the "
        .. "same split", 2)
    end
    lists = copy_of(lists)
    lists.catalogue = model.catalogue
    return with_lists.join(model, lists)
  end

  return with_lists
end
