--- Nearest neighbours of people: what those who rate as this person does thought of an item.
--
-- A rating is item mean + user bias, as `item_user_mean` has them (or the person's mean alone),
-- plus the mean of what the neighbours' ratings of the item leave over, weighed by similarity.
-- People are similar if they leave the same over. A model file keeps what is left over of the
-- training ratings, with users as numbers, without their ids.
--
-- @module cmml
local shared = require "cmml.recommenders.shared_options"
local args = require "cmml.base.args"
local raise = args.error

return function(cmml, use)
  local core = cmml.core
  local check_entries = use "recommenders.checkpoint".check_entries
  use "recommenders.kind"
  local left_over = use "recommenders.means".left_over

  local options = {
    { name = "nearest", kind = "integer", default = 100, from = 1, group = "model",
      search = "25|50|100|200|400",
      help = "maximum number of neighbours that a prediction reads, of those who rated the item" },
    { name = "similarity", kind = "string", default = "pearson", group = "model",
      choices = { "cosine", "pearson" }, search = "cosine|pearson",
      help = "pearson: over the items that both rated; cosine: over all that either rated, as if "
        .. "whoever has no rating of an item left nothing over" },
    { name = "centre", kind = "string", default = "item_user_mean",
      choices = { "item_user_mean", "user_mean" }, group = "model",
      help = "means that ratings are taken to leave something over of, and predictions begin at" },
    { name = "shrink", kind = "number", default = 100, from = 0, group = "model",
      search = "log:3:300",
      help = "number of imaginary items that pull a similarity towards 0" },
    { name = "damp", kind = "number", default = 0.1, from = 0, group = "model",
      search = "log:0.01:3",
      help = "added to the sum of the similarities" },
    shared.item_shrink, shared.user_shrink,
  }

  -- Takes what is known of n people: the rows of each item, whose they are, and what is left over.
  local function set_known(self, by_item, users, left, n)
    self.by_item, self.users, self.left = by_item, users, left
    self.squares = self.options.similarity == "cosine"
      and core.scatter_add_rows(core.full({ n }, 0), left:square(), users) or nil
  end

  cmml.kind {
    name = "user_knn", title = "user-kNN", settings = { "users" }, learns = "fit", baseline = 7,
    source = "Herlocker et al., SIGIR 1999", options = options,
    integers = { ratings_of_items = true, users = true },
    make = function(catalogue, opt)
      local self = { options = opt, means = cmml.recommenders[opt.centre](catalogue, {
        item_shrink = opt.item_shrink, user_shrink = opt.user_shrink }) }
      local lengths = {}
      for i = 1, #catalogue.items do
        lengths[i] = 0
      end
      set_known(self, core.segments(lengths), core.ids {}, core.full({ 0 }, 0), 0)
      return self
    end,
    fit = function(self, data)
      local n = #self.catalogue.items
      self.means:fit(data)
      local rows = cmml.users.ratings_of(data.ratings, data.users, n)
      local by_item = core.ratings_by_item({ users = rows.segments, items = rows.items,
        ratings = left_over(self.means, rows) }, n)
      set_known(self, by_item.items, by_item.users, by_item.ratings, #rows.segments)
    end,
    -- What the supports of several tasks leave over: neighbours are looked for when scoring, one
    -- person at a time, so that memory does not grow with people times people.
    adapt = function(self, support)
      local left, means = left_over(self.means, support)
      return { means = means, left = left, items = support.items, segments = support.segments }
    end,
    score = function(self, state, rows)
      local opt = self.options
      return self.means:score_rows(state.means, rows)
        + core.user_neighbour_means(self.by_item, self.users, self.left, state.segments,
          state.items, state.left, rows.segments, rows.items, self.squares, opt.nearest, opt.shrink,
          opt.damp)
    end,
    tensors = function(self)
      return { { "item_part", self.means.item_part }, { "left", self.left },
        { "ratings_of_items", self.by_item:totable() }, { "users", self.users:totable() } }
    end,
    restore = function(catalogue, opt, tensors)
      local self, n = cmml.recommenders.user_knn(catalogue, opt), #catalogue.items
      local count = tensors[2] and cmml.is_tensor(tensors[2][2]) and tensors[2][2].count or 0
      check_entries(tensors, { { "item_part", { n } }, { "left", { count } },
        { "ratings_of_items" }, { "users" } })
      local lengths, users = tensors[3][2], tensors[4][2]
      local rated = 0
      for i, length in ipairs(lengths) do
        if length < 0 or length > #users then
          raise(("ratings_of_items gives item %d %d ratings, of %d"):format(i, length, #users), 0)
        end
        rated = rated + length
      end
      if #lengths ~= n or #users ~= count or rated ~= count then
        raise(("ratings_of_items gives %d items %d ratings, but %d items, %d numbers of users and "
          .. "%d numbers in left were expected to go together"):format(#lengths, rated, n, #users,
          count), 0)
      end
      local n_users = 0
      for _, user in ipairs(users) do
        n_users = math.max(n_users, user)
        if user < 1 or user > count then -- a user has at least one rating
          raise(("users names user %d, of at most %d"):format(user, count), 0)
        end
      end
      self.means.item_part = tensors[1][2]
      set_known(self, core.segments(lengths), core.ids(users), tensors[2][2], n_users)
      return self
    end,
  }
end
