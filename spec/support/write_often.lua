-- Writes a file over and over, and says what was refused. Arguments: the file, how often.
local write_file = require "cmml.core".write_file
local path, times = ...
for turn = 1, tonumber(times) do
  local ok, message = write_file(path, "turn " .. turn)
  if not ok then
    print(message)
  end
end
