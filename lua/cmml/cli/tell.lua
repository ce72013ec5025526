--- What was noticed of data while they were read: lines on standard error, so that results alone
-- stand in the output.
--
-- @module cmml
local output = require "cmml.base.output"
local text = require "cmml.base.text"

return function()
  --- Shows the notes of data, wrapped.
  -- @tparam table data notes: list of lines, or nil
  return function(data)
    for _, note in ipairs(data.notes or {}) do
      output.tell(text.wrap(note, 2, 79))
    end
  end
end
