--- host_models.lua FOLDER: writes model files for hosts; see spec/support/host_models.lua.
require "spec.support.host_models"(require "cmml", arg[1])
