--- What the command line writes on the standard streams: text for people, results for machines.
--
-- A write that fails (a full disk, a closed pipe) ends nothing, since a command may have files to
-- save yet; it is remembered, and `problem` tells it in the end.
--
-- @module cmml.base.output
local visible = require("cmml.base.text").visible

local output = {}

local failure

local function write(...)
  local ok, message = io.stdout:write(...)
  if ok then
    ok, message = io.stdout:flush()
  end
  failure = failure or not ok and message or nil
end

--- Writes lines for people to standard output, control characters made visible.
-- @tparam string text without the last line's end
function output.print(text)
  write(visible(tostring(text)), "\n")
end

--- Writes a result for machines to standard output, as it is.
-- @tparam string text
function output.raw(text)
  write(text)
end

--- Writes lines for people to standard error, control characters made visible.
-- @tparam string text without the last line's end
function output.tell(text)
  io.stderr:write(visible(tostring(text)), "\n")
end

--- What became of the writes to standard output until now, whoever made them.
-- @tparam table core
-- @treturn ?string why one failed; nil if all of them are out
function output.problem(core)
  local ok, message = core.flush(io.stdout)
  message = failure or not ok and message
  return message and "cannot write standard output: " .. message or nil
end

return output
