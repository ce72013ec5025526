-- Runs the program of a page, whose path is the argument, in the folder where it is started, and
-- says what it prints otherwise than the page does; see `docs.run_page`.
os.setlocale "C" -- what a page prints by itself is shown as it is there
local docs = require "spec.support.docs"

local faults, checked = docs.check_output(arg[1])
for _, fault in ipairs(faults) do
  print("fault: " .. fault)
end
print(checked .. " checked")
