--- What must be refused with words that are known beforehand.
local assert = require "luassert"

local refused = {}

--- Fails unless a call raises a text in which another stands.
-- @tparam string text as it stands there
-- @tparam function f
-- @param ... what it is called with
function refused.with_text(text, f, ...)
  local ok, message = pcall(f, ...)
  assert.is_false(ok)
  assert.truthy(tostring(message):find(text, 1, true), message)
end

--- Fails unless a call raises a text that matches a pattern.
-- @tparam string pattern
-- @tparam function f
-- @param ... what it is called with
function refused.with_pattern(pattern, f, ...)
  local ok, message = pcall(f, ...)
  assert.is_false(ok)
  assert.matches(pattern, message)
end

--- Fails unless a call gives nothing but a message in which a text stands.
-- @tparam string text as it stands there
-- @tparam function f
-- @param ... what it is called with
function refused.with_message(text, f, ...)
  local result, message = f(...)
  assert.is_nil(result)
  assert.truthy(tostring(message):find(text, 1, true), message)
end

return refused
