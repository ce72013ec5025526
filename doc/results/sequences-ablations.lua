-- What parts of MML and their settings are worth, and more items as new; see sequences.md. With the
-- folder of sequences.lua as --out learners that are the same are not learnt again.
local function mml(title, model)
  return { row = title, kind = "mml", model = model }
end

return {
  title = "Parts of MML",
  rows = {
    mml("MML", {}),
    mml("without generator", { generator = false }),
    mml("generator of 10 neighbours", { neighbours = 10 }),
    mml("generator, 0.15 replaced", { replaced = 0.15 }),
    mml("generator, 0.2 replaced", { replaced = 0.2 }),
    mml("generator with the last relu", { last_relu = true }),
    mml("fixed weights", { fusion = "fixed" }),
    mml("attention to features", { learner_options = { attention_fields = { "fields" } } }),
    mml("meta-learned, 5 steps on a person", { learner_options = { loss = "bpr", inner_steps = 5,
      inner_lr = 0.01, fine_tune_steps = 5, fine_tune_lr = 0.01 } }),
    mml("plain BPR, 5 steps on a person", { learner_options = { loss = "bpr", fine_tune_steps = 5,
      fine_tune_lr = 0.01 } }),
    mml("plain BPR", { learner_options = { loss = "bpr" } }),
  },
  reference = "MML",
}
