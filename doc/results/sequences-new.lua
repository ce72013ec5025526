-- How many new items lists show, against what that costs: MML by its offset; see sequences.md.
local rows = {}
for i, offset in ipairs { -2, 0, 0.25, 0.5, 0.75, 1 } do
  rows[i] = { row = ("MML, offset %g"):format(offset), kind = "mml",
    model = { new_offset = offset } }
end

return { title = "New items", rows = rows, reference = "MML, offset -2" }
