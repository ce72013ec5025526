--- CMML's contexts refined by gradient steps on the support (the future work that Feng et al., CIKM
-- 2021, name): the forward pass gives the context that the steps begin with.
--
-- A step goes down the loss of the support's own rows under the context. With the encoder `none`,
-- whose contexts are 0, that is CAVIA (Zintgraf et al., ICML 2019).
--
-- @module cmml.recommenders.refinement
local args = require "cmml.base.args"

-- The declarations; a model of these has the fields as options.
local options = {
  { name = "refine_steps", kind = "integer", from = 0, to = 1000, unit = "steps", group = "model",
    default_text = "the preset's, or 0", help = "number of gradient steps on the support that "
      .. "refine a context after the forward pass" },
  { name = "refine_rate", kind = "number", above = 0, group = "model",
    default_text = "the preset's, or 0.1", help = "learning rate of these steps" },
  { name = "refine_train", kind = "boolean", group = "model",
    default_text = "the preset's, or false", help = "whether training takes the steps, too, and "
      .. "learns through them (second order); false: they are taken where a trained model adapts" },
}

return function(cmml)
  local refinement = { options = options }

  --- Raises where an option says how steps are taken, but not how many; 0 of them are a number.
  -- @tparam table opt options of the model
  function refinement.check(opt)
    for _, name in ipairs(opt.refine_steps == nil and { "refine_train", "refine_rate" } or {}) do
      if opt[name] then
        args.error(("cmml: %s does not apply without %s"):format(args.named_option(name),
          args.option "refine_steps"), 0)
      end
    end
  end

  --- Whether a model takes steps.
  -- @tparam table opt its options
  -- @tparam ?boolean training whether this is a step of training
  -- @treturn boolean
  function refinement.steps(opt, training)
    return (opt.refine_steps or 0) > 0 and (not training or opt.refine_train == true)
  end

  --- Refines contexts. A task without rows to learn from, or whose steps diverge (its loss or its
  -- context ceases to be finite), keeps the one of the forward pass.
  -- @tparam table opt options of the model
  -- @tparam ?boolean training whether this is a step of training
  -- @tparam Tensor context [tasks, dim]
  -- @tparam function losses_of of (context): the loss of each task's support [tasks]
  -- @treturn Tensor [tasks, dim]; context itself where no steps are taken
  -- @treturn ?table list of the tasks whose steps diverged, as `inner_steps` gives it; nil if none
  function refinement.refined(opt, training, context, losses_of)
    if not refinement.steps(opt, training) then
      return context
    end
    local refined, _, diverged = cmml.inner_steps(context, losses_of, { steps = opt.refine_steps,
      rate = opt.refine_rate or 0.1 })
    return refined, #diverged > 0 and diverged or nil
  end

  --- The tasks whose steps diverged by any of several members.
  -- @tparam table states list of {diverged = list as `inner_steps` gives it, or nil}
  -- @treturn ?table likewise, each task once; nil if none
  function refinement.merged(states)
    local list, seen = {}, {}
    for _, state in ipairs(states) do
      for _, one in ipairs(state.diverged or {}) do
        list[#list + 1] = not seen[one.task] and one or nil
        seen[one.task] = true
      end
    end
    return #list > 0 and list or nil
  end

  return refinement
end
