--- The options of experiments and of tuning that every setting has: how cells are run, what is
-- compared, and what is searched. They are declared below the experiments, so that a setting whose
-- options have such a name is refused where it is declared.
--
-- @module cmml.settings.experiment_options
local options = require "cmml.base.options"
local shared = require "cmml.base.shared_options"

local lists = {}

-- How long models are trained.
lists.budgets = { "default", "published", "converged" }

-- How cells are run.
lists.running = {
  { name = "out", kind = "string", arg = "DIR", group = "running", short = true, tunable = false,
    help = "folder of the results: those of finished cells are used again" },
  { name = "jobs", kind = "integer", default = 1, from = 1, to = 1000, unit = "processes",
    group = "running", short = true, tunable = false,
    help = "number of cells computed at a time; with 1 in this process" },
  { name = "processes", kind = "boolean", group = "running", line = false, tunable = false,
    help = "whether each cell runs in a process of its own",
    default_text = "true where jobs is above 1" },
  { name = "modules", list = "string", default = {}, may_be_empty = true, group = "running",
    tunable = false,
    help = "modules that every process requires first, for kinds and components of one's own" },
  { name = "load", list = "string", default = {}, may_be_empty = true, arg = "FILES",
    group = "running", tunable = false,
    help = "Lua files that every process runs first, for kinds and components of one's own" },
  { name = "quiet", kind = "boolean", default = true, group = "running", tunable = false,
    help = "no progress and no estimate of the time on standard error" },
}

-- What experiments compare, and by what.
lists.compared = {
  { name = "data", list = "string", arg = "DIRS", group = "data", short = true, tunable = false,
    help = "data folders, or their names in data/; several of scenarios with + between them are "
      .. "one data set" },
  { name = "protocol", list = "string", group = "data", short = true, tunable = false,
    help = "how tasks are split", default_text = "the experiment's, else the setting's first" },
  { name = "seeds", kind = "integer", default = 5, from = 1, to = 1000, group = "training",
    short = true, tunable = false,
    help = "number of runs of each model that starts from random weights, with seeds 1, 2, .." },
  { name = "budget", kind = "string", choices = lists.budgets, group = "training", tunable = false,
    short = true, default_text = "the experiment's, else default",
    help = "how long models are trained: converged, all of them until validation has stopped "
      .. "improving; default, as each preset says; published, those that were published as long as "
      .. "they were" },
  { name = "draws", kind = "integer", from = 1, to = 1000, unit = "draws", group = "evaluation",
    tunable = false, help = "number of random support/query draws per task; scores are averaged",
    default_text = "the setting's" },
  { name = "metrics", list = "string", group = "evaluation", short = true, tunable = false,
    help = "metrics to show, such as recall@10", default_text = "those of the setting" },
  { name = "resamples", kind = "integer", default = 10000, from = 1, to = 1000000,
    group = "evaluation", tunable = false,
    help = "number of bootstrap resamples behind the intervals" },
}

-- What tuning searches, and how.
lists.searched = {
  { name = "space", kind = { "string", "table" }, arg = "SPACE", group = "search", short = true,
    tunable = false, default_text = "what the options of the kind and of training declare",
    help = "name=values with commas between them, or a .lua or .json file of the same; values are "
      .. "a range, log:LOW:HIGH, lin:LOW:HIGH or int:LOW:HIGH, or a choice, 8|16|32; names are "
      .. "options of the model and of its training" },
  { name = "budget", kind = "string", choices = lists.budgets, group = "search", tunable = false,
    default_text = "converged, or with a space of yours as the preset says",
    help = "how long the trials are trained, see experiment" },
  { name = "keep", kind = "string", arg = "FILE", group = "search", short = true, tunable = false,
    help = "Lua file in which what is found is kept as the preset tuned of the kind; the library's "
      .. "own is lua/cmml/recommenders/tuned.lua" },
  { name = "model", kind = "string", arg = "KIND", group = "search", short = true, tunable = false,
    help = "kind of recommender" },
  { name = "preset", kind = "string", arg = "NAME", group = "search", short = true, tunable = false,
    help = "preset that the trials change", default_text = "the kind's default" },
  { name = "trials", kind = "integer", default = 20, from = 1, to = 100000, group = "search",
    short = true, tunable = false, help = "number of trials" },
  options.changed(shared.seed, { group = "search", tunable = false, help = "seed of the search" }),
  { name = "train_seed", kind = "integer", default = 1, from = 0, group = "search", tunable = false,
    help = "seed of every training" },
  { name = "best", kind = "integer", default = 10, from = 1, group = "search", tunable = false,
    help = "number of trials to show" },
}

-- Names of those that are for one kind alone.
lists.of_one_kind = { "model", "preset", "space", "best" }

-- What is tuned of several kinds.
lists.searched_kinds = {
  { name = "kinds", list = "string", required = true, arg = "KINDS", group = "search", short = true,
    tunable = false,
    help = "kinds to tune one after the other, each over what its options declare: names, or all, "
      .. "every kind of the setting whose options declare something" },
}

-- Names of the options of training that experiments have, too.
lists.training = { "epochs", "patience", "batch", "lr" }

return lists
