-- Holds a folder for some seconds: what spec/outputs_spec.lua kills.
local core = require "cmml.core"
local path, seconds = ...
local held, message = core.hold_folder(path)
print(held and "held" or message)
io.stdout:flush()
core.sleep(tonumber(seconds) or 0)
