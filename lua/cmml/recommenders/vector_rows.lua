--- Rows of scenarios as vectors made beforehand: the user's, then the item's.
--
-- @module cmml.recommenders.vector_rows
local args = require "cmml.base.args"
local raise = args.error

return function(cmml)
  local core = cmml.core
  local vector_rows = {}

  --- Options of kinds that learn to rank by such vectors: `unit_rows` and `loss`.
  vector_rows.options = {
    unit_rows = { name = "unit_rows", kind = "boolean", group = "model", search = "true|false",
      default_text = "the preset's, or false",
      help = "whether every vector is divided by the root mean square of its numbers, so that what "
        .. "it says of taste is apart from how much there is of it" },
    loss = { name = "loss", kind = "string", group = "model", search = "softmax|bpr|hinge",
      default_text = "the preset's, or hinge", help = "loss of a positive and its negatives",
      choices = function()
        return args.keys(cmml.scenarios.pair_losses)
      end },
  }

  --- The vectors of a catalogue as the option `unit_rows` wants them.
  -- @tparam Catalogue catalogue
  -- @tparam table opt of the model
  -- @treturn Tensor [users, width]
  -- @treturn Tensor [items, width]
  function vector_rows.tables(catalogue, opt)
    local users, items = catalogue.users.vectors.cf, catalogue.items.vectors.cf
    if opt.unit_rows then
      return cmml.vectors.unit_rows(users), cmml.vectors.unit_rows(items)
    end
    return users, items
  end

  --- Rows as one joined matrix, in which each user and each item stands once.
  -- @tparam Tensor users [users, width]
  -- @tparam Tensor items [items, width]
  -- @tparam table rows users and items (Ids)
  -- @treturn Joined [rows, 2 width]
  function vector_rows.of(users, items, rows)
    local some_users, of_users = core.distinct(rows.users)
    local some_items, of_items = core.distinct(rows.items)
    return cmml.joined { { users:gather_rows(some_users), of_users },
      { items:gather_rows(some_items), of_items } }
  end

  --- The function `over` of a kind that reads such vectors: the same weights over a catalogue with
  -- vectors of the same width, such as those that were made of more interactions (see
  -- `ScenarioSplit:vectors`).
  -- @tparam Recommender self
  -- @tparam Catalogue catalogue
  -- @treturn Recommender
  function vector_rows.over(self, catalogue)
    local mine = self.catalogue.items.vectors.cf.shape[2]
    local vectors = catalogue.items.vectors.cf
    local width = vectors and vectors.shape[2]
    if width ~= mine then
      raise(("over: the catalogue has %s, but the model reads vectors of %d numbers"):format(
        width and ("vectors of %d numbers"):format(width) or "no vectors", mine), 2)
    end
    return self.restore(catalogue, self.options, self:tensors())
  end

  return vector_rows
end
