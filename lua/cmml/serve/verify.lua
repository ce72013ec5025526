--- Whether a frozen model gives what the model itself does: tried out, where it is going to run.
--
-- @module cmml.serve.verify
local differs = require "cmml.serve.near"
local raise = require("cmml.base.args").error

-- How many entries supports have, and how many items are scored: nobody, one, and many, which are
-- observed all at once and one after the other. In sequences items come again, and there are more
-- than some kinds read.
local tries = { { 0 }, { 1 }, { 17 }, { 17, one_by_one = true },
  { 17, different = 5, one_by_one = true, ordered = true },
  { 60, different = 7, ordered = true } }
local most_items = 64

return function()
  -- Scores of the first items by the model itself.
  local function scores_of(model, support, candidates, count)
    local state = model:state_of(support)
    if model.predicts == "ranking" and model.score_all then
      return table.move(model:all_scores_of(state, 1):reshape({ -1 }):totable(), 1, count, 1, {})
    end
    return model:list_scores_of(state, candidates):totable()
  end

  -- Raises unless scores are near to what they should be.
  local function compare(found, expected, n)
    local i = differs(found, expected)
    if i then
      raise(("with a support of %d its graph scores item %d differently from the model")
        :format(n, i), 0)
    end
  end

  -- One try with one part of the model.
  local function try(runner, part, model, of)
    local count = math.min(#model.catalogue.items, most_items)
    local n = of.different and of[1] or math.min(of[1], #model.catalogue.items)
    local support, candidates = model.setting.frozen_rows(model, { support = n, items = count,
      different = of.different and math.min(of.different, #model.catalogue.items), labels = 5 })
    local context <close> = runner:context()
    local rows, out, labels = {}, {}, support.labels:totable()
    for i = 1, count do
      rows[i] = i
    end
    for i, item in ipairs(support.items:totable()) do
      context:observe(item, labels[i])
      if of.one_by_one then
        context:score(part, rows, out)
      end
    end
    compare(context:score(part, rows, out), scores_of(model, support, candidates, count), n)
  end

  -- What runs a frozen model; raises a plain message where there is none.
  local function opened(frozen, limits)
    local runner, message = frozen:open(limits)
    return runner or raise(message, 0)
  end

  local verify = {}

  --- Raises a plain message unless predictors give the scores of the model, to the last digits.
  -- @tparam Frozen frozen
  function verify.scores(frozen)
    local runner <close> = opened(frozen, { support = 64 })
    for _, of in ipairs(tries) do
      if not of.ordered or frozen.model.setting.ordered then
        try(runner, 1, frozen.model, of)
        local _ = frozen.model.lists and try(runner, 2, frozen.model.lists, of)
      end
    end
  end

  --- Raises a plain message unless lists that are made for several people at once are those of
  -- each, to the last digits of their scores.
  -- @tparam Frozen frozen
  function verify.groups(frozen)
    local runner <close> = opened(frozen, { support = 32, users = #tries })
    local part, n = runner:facts().parts, math.min(#frozen.model.catalogue.items, most_items)
    local contexts, rows, scores, found = {}, {}, {}, {}
    for i, of in ipairs(tries) do
      contexts[i] = runner:context()
      for item = 1, math.min(of[1], #frozen.model.catalogue.items) do
        contexts[i]:observe(item, (item + i) % 5 + 1)
      end
    end
    runner:recommend(part, contexts, n, rows, scores, found)
    for i, context in ipairs(contexts) do
      local alone = {}
      local same = context:fork():recommend(part, n, {}, alone) == found[i]
      if not same or differs(table.move(scores, (i - 1) * n + 1, (i - 1) * n + found[i], 1, {}),
        alone) then
        raise("what it scores for several people is not what it scores for each", 0)
      end
    end
  end

  return verify
end
