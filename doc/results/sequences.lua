-- What is compared on sequences, cells of the first rows first; see sequences.md. Learners and the
-- generator are stages that rows share.
local learners_alone = { knn = false, generator = false }

local function mml(changes)
  local model = {}
  for _, from in ipairs { learners_alone, changes } do
    for key, value in pairs(from) do
      model[key] = value
    end
  end
  return model
end

-- A learner of MML alone, by what it reads.
local function learner(title, reads)
  return { row = title, kind = "mml", model = mml { learners = { reads } }, optional = true }
end

return {
  title = "What comes next, for people never seen",
  rows = {
    { row = "popularity", kind = "popularity" },
    { row = "Markov chain", kind = "markov" },
    { row = "item-kNN", kind = "sequence_knn" },
    { row = "MML", kind = "mml" },
    { row = "MML without neighbours", kind = "mml", model = { knn = false } },
    learner("ids alone (SASRec)", "ids"),
    learner("all features alone", "fields"),
    learner("random numbers alone", "random"),
    { row = "MML, learners alone", kind = "mml", model = learners_alone },
    { row = "MML, fixed 0.7 and 0.3", kind = "mml", model = mml { fusion = "fixed",
      weights = { 0.7, 0.3 } } },
    { row = "MML without generator", kind = "mml", model = { generator = false } },
    { row = "MML, all fixed at 1", kind = "mml", model = { fusion = "fixed" } },
    { row = "CMML", kind = "cmml_sequences" },
    learner("text alone", "text_256"),
    learner("posters alone", "poster_1280"),
    { row = "MML of text and posters", kind = "mml", optional = true,
      model = { learners = { "ids", "text_256", "poster_1280" } } },
    { row = "EASE", kind = "ease" },
    { row = "SASRec (BPR)", kind = "sasrec", model = { loss = "bpr" } },
    { row = "MML, gate", kind = "mml", model = { fusion = "gate", knn = false } },
    { row = "CMML without context", kind = "cmml_sequences",
      preset = "recommended/without-context" },
    { row = "CMML without neighbours", kind = "cmml_sequences",
      preset = "recommended/without-neighbours" },
    { row = "GRU4Rec", kind = "gru4rec" },
    { row = "SASRec, fine-tuned", kind = "sasrec_tuned" },
  },
  reference = "best", references = { "item-kNN", "ids alone (SASRec)", "MML", "CMML" },
  subjects = { "CMML" },
}
