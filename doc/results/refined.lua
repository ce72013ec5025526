-- Contexts refined by gradient steps on the support, and TaNP; see refined.md.
local function refined(steps, rate, through)
  return { refine_steps = steps, refine_rate = rate, refine_train = through }
end

return {
  title = "Contexts refined by gradient steps",
  rows = {
    { row = "recommended", kind = "cmml" },
    { row = "1 step at test", kind = "cmml", model = refined(1, 0.3) },
    { row = "5 steps at test", kind = "cmml", model = refined(5, 0.1) },
    { row = "1 step, trained through", kind = "cmml", model = refined(1, 0.3, true) },
    { row = "5 steps, trained through", kind = "cmml", model = refined(5, 0.1, true) },
    { row = "TaNP", kind = "tanp" },
  },
  reference = "recommended",
}
