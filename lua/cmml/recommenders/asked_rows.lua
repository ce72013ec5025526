--- Whom and what an adapted recommender is asked for: raw ids as rows of its catalogue.
--
-- @module cmml.recommenders.asked_rows
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"
local raw_ids = require "cmml.data.raw_ids"
local raise = args.error

local asked_rows = {}

--- The row of a raw id of a side; raises where there is none.
-- @tparam string what prefix of messages
-- @tparam string side "a user" or "an item"
-- @tparam Side of the catalogue
-- @param raw
-- @tparam integer level of the stack that errors point at
-- @treturn integer
function asked_rows.row_of(what, side, of, raw, level)
  if type(raw) ~= "string" and math.type(raw) == nil then
    raise(("%s must be the raw id of %s, not %s"):format(what, side, args.describe(raw)),
      level + 1)
  end
  local row = raw_ids.find(of, raw, level + 1, "%s", what)
  return row or raise(("%s: %s %s is not in the catalogue of %d"):format(what,
    side:match "[A-Za-z]+$", plain.tostring(raw), #of), level + 1)
end

--- The row of the user to score for; nil where the user is whose support was read.
-- @tparam Adapted self
-- @tparam string where the function that was called; errors point at its caller
-- @param raw
-- @treturn ?integer
function asked_rows.user_row(self, where, raw)
  local users = self.model.catalogue.users
  if not users.ids and raw ~= nil then
    raise(where .. ": option user does not apply: the model was adapted to a person's own "
      .. "support", 3)
  elseif not users.ids then
    return nil
  elseif raw == nil then
    raise(where .. ": option user is missing: whom to rank for", 3)
  end
  return asked_rows.row_of(where .. ": user", "a user", users, raw, 3)
end

return asked_rows
