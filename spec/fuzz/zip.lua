--- Zip archives of any content: a verdict, or a message.
local zip = require "cmml.fetch.zip"

return function(path)
  local ok, message = zip.check(path, "ml-1m", 100000)
  assert(ok == true or ok == nil and type(message) == "string", "no verdict and no message")
end
