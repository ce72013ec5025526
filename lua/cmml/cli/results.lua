--- What commands find, as text, CSV or JSON, in a file or on the standard output.
--
-- A command makes a document (base/tables.lua), declares the options `out` and `format` of
-- cli/shared_options.lua, and gives both to `results.write`.
--
-- @module cmml
local output = require "cmml.base.output"
local tables = require "cmml.base.tables"
local visible = require("cmml.base.text").visible

return function(cmml)
  local results = {}

  --- The format that a command was asked for: --format, else by the end of --out.
  -- @tparam table values of the command
  -- @treturn string
  function results.format(values)
    local ending = (values.out or ""):match "%.([0-9A-Za-z]+)$"
    if values.format or not (ending == "csv" or ending == "json") then
      return values.format or "text"
    end
    return ending
  end

  --- Writes a document where and as the command was asked to.
  -- @tparam table values of the command: out (a file, written atomically), format, quiet
  -- @tparam table document see base/tables.lua
  -- @treturn ?boolean true; nil where it could not be written
  -- @treturn ?string message
  function results.write(values, document)
    local format, parts = results.format(values), {}
    tables.write(document, format, function(part)
      part = format == "text" and visible(part) or part
      if values.out then
        parts[#parts + 1] = part
      else
        output.raw(part)
      end
    end)
    if not values.out then
      return true
    end
    local ok, message = cmml.core.write_file(values.out, table.concat(parts))
    if not ok then
      return nil, "--out: " .. tostring(message)
    elseif not values.quiet then
      output.tell(("%s written to %s"):format(document.name, values.out))
    end
    return true
  end

  return results
end
