-- What the inner loop is worth: a learner of ids trained plainly or by first-order MAML, each with
-- and without gradient steps on what a new person did; see sequences.md.
local steps, rows = 5, {}

local function add(title, model)
  rows[#rows + 1] = { row = title, kind = "mml_learner", model = model }
end

for _, loss in ipairs { "softmax", "bpr" } do
  add(loss .. ", plain", { loss = loss })
  for _, rate in ipairs { 0.01, 0.1 } do
    add(("%s, plain, %d steps of %g"):format(loss, steps, rate), { loss = loss,
      fine_tune_steps = steps, fine_tune_lr = rate })
    add(("%s, meta-learned, %d steps of %g"):format(loss, steps, rate), { loss = loss,
      inner_steps = steps, inner_lr = rate, fine_tune_steps = steps, fine_tune_lr = rate })
  end
end
rows[#rows + 1] = { row = "as published", kind = "mml_learner", preset = "published" }

return { title = "The inner loop", rows = rows, reference = "softmax, plain",
  references = { "bpr, plain" } }
