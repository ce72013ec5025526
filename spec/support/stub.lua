--- Recommenders of two functions, for specs of what uses recommenders.

--- A recommender of no kind.
-- @tparam table cmml the library
-- @tparam string setting its name
-- @tparam function adapt of (self, support) giving a state
-- @tparam function score of (self, state, rows) giving scores
-- @tparam[opt] Catalogue catalogue
-- @treturn Recommender
return function(cmml, setting, adapt, score, catalogue)
  local Recommender = getmetatable(cmml.kinds.list(setting)[1])
  return setmetatable({ setting = cmml.settings:get(setting), adapts = "forward",
    adapt_rows = adapt, score_rows = score, catalogue = catalogue }, Recommender)
end
