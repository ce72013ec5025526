-- A Lua host that starts: `lua5.4 bench/first_scores.lua MODEL` prints the seconds of the processor
-- from the start of the process to the scores of 10 items after 3 interactions.
local cmml = require "cmml"
local predictor = assert(cmml.predictor(arg[1]))
local person = predictor:context()
for row = 1, 3 do
  person:observe(predictor:id(row), 6 - row)
end
local rows, out = {}, {}
for row = 1, 10 do
  rows[row] = row
end
assert(#person:score_rows(rows, out) == 10)
print(("%.6f"):format(os.clock()))
