--- A recommender whose scores are watched while it is evaluated: those of a training that went
-- wrong are no numbers, which evaluation would refuse.
--
-- @module cmml.evaluate.watched

--- The recommender, giving zeros once a score was not finite.
-- @tparam table core
-- @tparam Recommender model
-- @treturn table to be evaluated in its stead
-- @treturn function giving whether all scores were finite so far
return function(core, model)
  local finite = true
  local proxy = { score_rows = function(_, ...)
    local scores = model:score_rows(...)
    finite = finite and scores:isfinite()
    return finite and scores or core.full(scores.shape, 0)
  end, adapt_rows = function(_, ...)
    return model:adapt_rows(...)
  end }
  return setmetatable(proxy, { __index = model, __tostring = function()
    return tostring(model)
  end }), function()
    return finite
  end
end
