--- Which entries of its support carried what an adapted recommender scores.
--
-- @module cmml
local args = require "cmml.base.args"
local asked_rows = require "cmml.recommenders.asked_rows"
local declare = require("cmml.base.options").declare
local plain = require "cmml.base.plain"
local raise = args.error

local known = declare("Adapted:explain", {
  { name = "user", kind = { "string", "number" },
    help = "raw id of whom the items were scored for, where the model knows users by id" },
})

return function(cmml, use)
  local core = cmml.core
  local Adapted = use "recommenders.adapted"
  local contributions = use "recommenders.contributions"

  -- What differs by less than rounding of scores makes does not differ.
  local unit = core.info().dtype == "float32" and 2 ^ -23 or 2 ^ -52
  local function difference(value, a, b)
    return math.abs(value) > 4 * unit * math.max(math.abs(a), math.abs(b)) and value or 0
  end

  -- The contributions that a kind computes itself, a list for each row.
  local function exact(model, support, rows)
    local found = core.tidy(core.no_grad, model.contributions, model, support, rows)
    local n, k = #rows.items, #support.items
    if not cmml.is_tensor(found) or #found.shape ~= 2 or found.shape[1] ~= n
      or found.shape[2] ~= k then
      raise(("%s: contributions must give a Tensor [%d, %d], a number for each item and entry of "
        .. "the support, not %s"):format(model.kind, n, k, cmml.is_tensor(found)
        and ("a Tensor [%s]"):format(table.concat(found.shape, ", ")) or args.describe(found)), 0)
    end
    return found:totable()
  end

  -- What scores lose without each entry, a list for each row; as a second result on how many of
  -- these supports steps diverged.
  local function by_leaving_out(model, support, rows, whole)
    local k, lists, values = #support.items, {}, {}
    for i = 1, k do
      lists[i] = contributions.numbers(k)
      table.remove(lists[i], i)
    end
    local without, diverged = contributions.scores_of(model, support, lists, rows)
    for row = 1, #rows.items do
      values[row] = {}
      for i = 1, k do
        values[row][i] = difference(whole[row] - without[i][row], whole[row], without[i][row])
      end
    end
    return values, diverged
  end

  -- The entries of the support, with what each adds to one score, largest first.
  local function entries_of(self, support, values)
    local catalogue, list, positive = self.model.catalogue, {}, 0
    for i, value in ipairs(values) do
      list[i] = { item = catalogue.items:text(support.items[i]),
        title = catalogue.items:title(support.items[i]), label = support.labels[i],
        user = support.users and catalogue.users:text(support.users[i]), contribution = value,
        place = i }
      positive = positive + math.max(value, 0)
    end
    plain.sort(list, function(a, b)
      if a.contribution == b.contribution then
        return a.place < b.place
      end
      return a.contribution > b.contribution
    end)
    for _, entry in ipairs(list) do
      entry.share, entry.place = positive > 0 and entry.contribution / positive or 0, nil
    end
    return list
  end

  -- Raises where scores or contributions are not finite numbers.
  local function check_finite(self, lists)
    for _, list in ipairs(lists) do
      for _, value in ipairs(list) do
        if value - value ~= 0 then
          raise(("explain: %s: its scores are not finite numbers: the weights or the ratings of "
            .. "the support are out of all bounds"):format(tostring(self.model)), 3)
        end
      end
    end
  end

  --- Which entries of the support carried the scores of items: what `recommend` orders by, and so
  -- of a kind that predicts ratings the expected ratings, unless it ranks by another score, or
  -- another recommender makes its lists (see `with_lists`).
  -- @tparam table items list of raw ids, such as those that `recommend` gave
  -- @tparam[opt] table options see below
  -- @treturn table of each item, in order, {item, title, score, empty = what the score is after the
  -- empty support (of somebody of whom only the values of `support.user` are known), method,
  -- diverged}, and in its list the entries of the support that the model knows, what speaks most
  -- for the item first: {item, title, label (the rating; 1 or 0), user (where the model knows users
  -- by id), contribution, share}. A share is the contribution as a part of the sum of all that are
  -- above 0 (0 where there is none). With the method "exact" contributions add up to score - empty;
  -- with "leave-one-out" each is what the score loses when the model adapts without the entry, and
  -- they need not. diverged: on how many of the supports without an entry the steps of the model
  -- did, if on any; those scores are by the weights that the steps start from
  -- @usage
  -- local person = model:adapt { { "15", 5 }, { "9", 5 }, { "5", 1 } }
  -- local why = person:explain({ "10" })[1]
  -- print(why.method, why.score - why.empty)
  -- for _, entry in ipairs(why) do
  --   print(entry.title, entry.label, entry.contribution, entry.share)
  -- end
  function Adapted:explain(items, options)
    local opt = known:check(options)
    self = self.lists or self
    if type(items) ~= "table" then
      raise("explain: a list of items was expected, not " .. args.describe(items), 2)
    end
    args.list("explain: the items", items, 3)
    local model, list = self.model, {}
    local user = asked_rows.user_row(self, "explain", opt.user)
    for i, item in ipairs(items) do
      list[i] = asked_rows.row_of(("explain: entry %d"):format(i), "an item",
        model.catalogue.items, item, 2)
    end
    if #list == 0 then
      return {}
    end
    local support, rows, k = self.rows, self.read.list(list, user), #self.rows.items
    local scores, diverged = contributions.scores_of(model, support,
      { contributions.numbers(k), {} }, rows)
    local whole, empty, values = scores[1], scores[2], contributions.times({}, #list)
    check_finite(self, scores)
    if k > 0 and model.contributions then
      values = exact(model, support, rows)
    elseif k > 0 then
      values, diverged = by_leaving_out(model, support, rows, whole)
    end
    check_finite(self, values)
    local read = { items = support.items:totable(), labels = support.labels:totable(),
      users = support.users and support.users:totable() }
    local all = {}
    for i, row in ipairs(list) do
      local why = entries_of(self, read, values[i])
      why.item, why.title = model.catalogue.items:text(row), model.catalogue.items:title(row)
      why.score, why.empty = whole[i], empty[i]
      why.method = model.contributions and "exact" or "leave-one-out"
      why.diverged = diverged > 0 and diverged or nil
      all[i] = why
    end
    return all
  end

  return Adapted
end
