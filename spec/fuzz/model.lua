--- Model files of any content, through the library, as a host program meets them.
local cmml = require "cmml"
local hostile_model = require "spec.support.hostile_model"

return function(path, size)
  hostile_model(cmml, path, size)
end
