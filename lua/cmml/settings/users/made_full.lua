--- Made data of the sizes of MovieLens-1M. What a training step costs depends on these, not on what
-- people like.
--
-- @module cmml.settings.users.made_full
local rows_of = require "cmml.settings.users.made_rows"
local stream = require "cmml.base.stream"

return function(cmml)
  --- Such data, with histories of at most 50 ratings: 71 of 100 people have so many, the others 20
  -- to 49. Stars tell the quality of the film, and chance.
  -- @treturn Dataset of 6,040 users and 3,706 items
  return function()
    local draw = stream()
    local made, quality, ratings = rows_of(draw), {}, {}
    local uniform = made.uniform
    for item = 1, made.n_items do
      quality[item] = 3.6 + 1.2 * (uniform() - 0.5)
    end
    for user = 1, made.n_users do
      for _, item in ipairs(made.items(uniform() < 0.71 and 50 or 19 + draw(30))) do
        local stars = quality[item] + uniform() + uniform() + uniform() - 1
        ratings[#ratings + 1] = { user, item, math.max(1, math.min(5, math.floor(stars))) }
      end
    end
    return cmml.dataset { name = "made", schema = cmml.data.schema(made.schema()),
      ratings = ratings, items = made.records "item", users = made.records "user" }
  end
end
