--- Pairs of the positives and negatives of a support, for methods that learn from supports.
--
-- @module cmml
local args = require "cmml.base.args"

return function(cmml, use)
  local core = cmml.core
  local classes = use "tensor.classes"

  -- Adds n pairs of rows to lists: both sides are gone through in order, again and again.
  local function add_pairs(found, positives, negatives, n)
    for k = 0, n - 1 do
      table.insert(found.positive, positives[k % #positives + 1])
      table.insert(found.negative, negatives[k % #negatives + 1])
    end
  end

  -- Rows by label and user: a list of {positives, negatives} of each user in the order in which
  -- they come, and those of all.
  local function divided(users, labels, first, last)
    local all, by_user, order = { {}, {} }, {}, {}
    for row = first, last do
      local user, side = users[row], labels[row] > 0 and 1 or 2
      if not by_user[user] then
        by_user[user] = { {}, {} }
        order[#order + 1] = by_user[user]
      end
      table.insert(by_user[user][side], row)
      table.insert(all[side], row)
    end
    return order, all
  end

  -- Adds the pairs of one task's rows.
  local function pair_task(found, by_user, all)
    if #all[1] == 0 or #all[2] == 0 then
      return
    end
    local alone = { {}, {} } -- rows of users who have none of the other label
    for _, own in ipairs(by_user) do
      if #own[1] > 0 and #own[2] > 0 then
        add_pairs(found, own[1], own[2], math.max(#own[1], #own[2]))
      else
        for side = 1, 2 do
          table.move(own[side], 1, #own[side], #alone[side] + 1, alone[side])
        end
      end
    end
    local n = math.max(#alone[1], #alone[2])
    add_pairs(found, #alone[1] > 0 and alone[1] or all[1], #alone[2] > 0 and alone[2] or all[2], n)
  end

  --- The pairs of supports: the k-th positive of a user with their k-th negative; where there are
  -- more of the one, the others begin anew. What is left of users who have positives alone, or
  -- negatives alone, is paired likewise, whoever's they are, with those of all users where nothing
  -- of the other label is left. A task without positives or without negatives has no pairs.
  -- @tparam table support Rows with users, and labels above 0 for positives
  -- @treturn table positive, negative (Ids: rows of the support), each (1, negatives a positive),
  -- as `scenarios.pair_losses_of_tasks` reads them
  -- @treturn Segments how many pairs each task has
  function cmml.scenarios.support_pairs(support)
    args.expect("scenarios.support_pairs: support", support, "table")
    for key, class in pairs { segments = classes.segments, users = classes.ids,
      labels = classes.tensor } do
      args.expect("scenarios.support_pairs: support." .. key, support[key], class)
    end
    local labels, users, first = support.labels:totable(), support.users:totable(), 1
    if #labels ~= #users or #users ~= support.segments:rows() then
      args.error(("scenarios.support_pairs: %d labels and %d users of %d rows"):format(#labels,
        #users, support.segments:rows()), 2)
    end
    local found, lengths = { positive = {}, negative = {} }, {}
    for task, length in ipairs(support.segments:totable()) do
      local before = #found.positive
      pair_task(found, divided(users, labels, first, first + length - 1))
      first, lengths[task] = first + length, #found.positive - before
    end
    return { positive = core.ids(found.positive), negative = core.ids(found.negative), each = 1 },
      core.segments(lengths)
  end
end
