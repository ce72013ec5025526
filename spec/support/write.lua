-- Writes a file, and says what became of it.
local ok, message = require "cmml.core".write_file((...), "text")
print(ok and "written" or message)
