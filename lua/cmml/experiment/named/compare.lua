--- `cmml experiment compare`: rows of one's own.
--
-- @module cmml
return function(cmml, use)
  use "experiment.registry"
  cmml.register_experiment {
    name = "compare",
    summary = "rows of one's own: any kinds, presets, options and components, from a Lua file",
    options = {
      { name = "rows", kind = { "string", "table", "function" }, required = true, arg = "FILE",
        group = "rows", short = true, tunable = false,
        help = "Lua file that returns what is compared, a list of { row = title, kind = .., "
          .. "preset = .., model = {..}, training = {..} }; in Lua such a list, too" },
    },
    rows = function(_, _, opt)
      return opt.rows
    end,
  }
end
