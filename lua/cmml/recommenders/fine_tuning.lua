--- Fine-tuning: a trained model is copied for each task, and every parameter of the copy takes a
-- few steps of Adam on the support, all tasks at once.
--
-- Nothing of it is learnt through: training is that of the model itself.
--
-- @module cmml.recommenders.fine_tuning
local options = {
  { name = "fine_tune_steps", kind = "integer", from = 0, to = 1000, default = 5, unit = "steps",
    group = "model", search = "1|5|10|20",
    help = "number of steps of Adam on the whole support of a task" },
  { name = "fine_tune_lr", kind = "number", above = 0, default = 2e-4, group = "model",
    search = "log:1e-4:1e-2", help = "learning rate of these steps" },
}

return function(cmml)
  local fine_tuning = {}

  --- The declarations of a kind that is fine-tuned: its own and those of the steps.
  -- @tparam table own
  -- @treturn table list
  function fine_tuning.with(own)
    return table.move(options, 1, #options, #own + 1, table.move(own, 1, #own, 1, {}))
  end

  --- The weights of tasks after fine-tuning. A task without anything to learn from, such as one
  -- with an empty support, has those that it starts from; so has one whose steps diverge (its loss,
  -- or a weight, ceases to be finite).
  -- @tparam table opt options of the model
  -- @tparam table start nested table of weights, one a task or with owners, see `inner_adam`
  -- @tparam function losses_of of (weights): the loss of each task's support [tasks]
  -- @tparam[opt] table owners nested as start, see `inner_adam`
  -- @treturn table weights nested as start, without a graph
  -- @treturn table the tasks that diverged, see `inner_adam`; empty if all is well
  function fine_tuning.weights(opt, start, losses_of, owners)
    local weights, _, diverged = cmml.inner_adam(start, losses_of, { steps = opt.fine_tune_steps,
      adam = { lr = opt.fine_tune_lr }, owners = owners })
    return weights, diverged
  end

  return fine_tuning
end
