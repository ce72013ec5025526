--- `cmml freeze`: put the graph of a model into its file, for predictors.
--
-- @module cmml
local output = require "cmml.base.output"
local plain = require "cmml.base.plain"
local shared = require "cmml.cli.shared_options"

return function(cmml, use)
  use "cli.command"

  -- A model and what goes with it, frozen into a file that predictors take.
  local function run(values)
    local model, found = cmml.load(values.model)
    if not model then
      return nil, found
    end
    local ok, frozen = pcall(cmml.freeze, model, { retrieval = values.retrieval })
    if not ok then
      return nil, ("%s: %s"):format(values.model, plain.tostring(frozen))
    end
    local saved, message = frozen:save(values.out, { notes = found.notes })
    if not saved then
      return nil, message
    end
    local predictor, problem = cmml.predictor(values.out)
    if not predictor then
      return nil, problem
    end
    if not values.quiet then
      output.print(plain.format("%s: the graph of %s%s, %.1f KB; a predictor takes %.1f MB "
        .. "beside the weights", values.out, model.title,
        model.lists and " and " .. model.lists.title or "",
        #frozen.text / 1e3, predictor.bytes / 1e6))
      local of = frozen.retrieval
      if values.retrieval and not of then
        output.print "no candidates are chosen: it scores all items by one product"
      elseif of then
        output.print(plain.format("of %d made-up people %d have the same ten best items with %d "
          .. "candidates as with all", of.people, of.same, of.candidates))
      end
    end
    return true
  end

  cmml.command {
    name = "freeze", summary = "put the graph of a model into its file, for hosts that serve",
    usage = "cmml freeze --model FILE --out FILE", run = run,
    options = {
      shared.model,
      { name = "out", kind = "string", arg = "FILE", required = true, group = "output",
        short = true, help = "model file to write; it can be the same" },
      { name = "retrieval", kind = "boolean", group = "model",
        help = "choose candidates by estimates of their scores, so that a list need not score all "
          .. "items; by default for catalogues of more than 20,000 items (`--retrieval=false`: "
          .. "never)" },
      shared.quiet,
    },
    examples = { "cmml freeze --model runs/films/best.safetensors --out films.safetensors" },
  }
end
