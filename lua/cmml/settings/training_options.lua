--- The options of `train` in every setting. They are declared below the trainer, so that what a
-- setting and the presets of a kind say of training can be checked where it is declared.
--
-- @module cmml.settings.training_options
local options = require "cmml.base.options"
local setting_defaults = require "cmml.base.setting_defaults"
local shared = require "cmml.base.shared_options"

local preset = "the preset's"

return {
  { name = "out", kind = "string", arg = "DIR", group = "files", tunable = false, line = false,
    help = "folder of the run: best.safetensors, last.safetensors and log.csv" },
  { name = "resume", kind = "boolean", default = false, group = "training", tunable = false,
    short = true, help = "go on with last.safetensors of the folder, bit for bit" },
  options.changed(shared.seed, { group = "training", decides = true, tunable = false,
    line = false, help = "seed of order and draws" }),
  { name = "epochs", kind = "integer", from = 0, unit = "epochs", group = "training", short = true,
    help = "maximum number of epochs", default_text = "the preset's, or 30" },
  { name = "patience", kind = "integer", from = 0, unit = "epochs", group = "training",
    help = "stop after so many epochs without improvement; 0: never",
    default_text = "the preset's, or 10" },
  { name = "batch", kind = "integer", from = 1, unit = "tasks", group = "tasks", decides = true,
    search = "8|16|32", help = "number of tasks a step", default_text = preset },
  { name = "support", kind = "integer", from = 0, group = "tasks", decides = true,
    default_text = preset,
    help = "maximum number of ratings, or positives, that a task adapts to" },
  { name = "query", kind = "integer", from = 0, group = "tasks", decides = true,
    help = "maximum number of ratings, or positives, that a task is trained on",
    default_text = preset },
  { name = "valid_draws", kind = "integer", from = 1, unit = "draws", group = "tasks",
    decides = true, tunable = false,
    help = "number of draws of each validation task; of lists more where there are fewer than 200 "
      .. "validation people, so that there are 400 supports",
    default_text = setting_defaults.of "valid_draws" },
  { name = "shuffle", kind = "boolean", group = "training", decides = true,
    default_text = "the preset's, or true",
    help = "whether tasks are visited in a fresh order each epoch, or in that of the data" },
  { name = "choose", kind = "string", choices = { "best", "last" }, group = "training",
    decides = true, default_text = "the preset's, or best",
    help = "which epoch's weights are the result; last never stops for want of patience" },
  { name = "optimizer", kind = "string", choices = { "adam", "adamw", "sgd" },
    group = "optimisation", decides = true, search = { "adamw" },
    default_text = "the preset's, or adam",
    help = "optimiser" },
  { name = "lr", kind = "number", above = 0, group = "optimisation", decides = true, short = true,
    search = "log:1e-4:1e-2",
    help = "learning rate", default_text = preset },
  { name = "weight_decay", kind = "number", from = 0, group = "optimisation", decides = true,
    search = "log:1e-4:0.3",
    help = "L2 penalty, or with adamw decoupled decay", default_text = preset },
  { name = "momentum", kind = "number", from = 0, below = 1, group = "optimisation",
    decides = true, help = "momentum of sgd", default_text = "0" },
  { name = "clip", kind = "number", above = 0, infinite = true, group = "optimisation",
    decides = true, help = "limit of every entry of the gradient", default_text = preset },
  { name = "clip_norm", kind = "number", above = 0, group = "optimisation", decides = true,
    help = "limit of the norm of the whole gradient", default_text = "none" },
  { name = "groups", kind = "table", group = "optimisation", decides = true, tunable = false,
    help = "groups of parameters with options of their own, see optim.adam; an lr_factor follows "
      .. "lr, an lr of a group does not" },
  { name = "schedule", kind = { "string", "table" }, group = "optimisation", decides = true,
    arg = "NAME", default_text = "the preset's, or none", search = { "plateau" },
    help = "schedule of the learning rate: cosine (down to 0 at the end of the last epoch), "
      .. "plateau (a tenth where validation is no better for more epochs than half of patience, or "
      .. "than 2 where there is no patience), or a table of such options with that name as kind" },
  { name = "warmup", kind = "integer", from = 0, unit = "steps", group = "optimisation",
    decides = true, help = "number of steps in which the learning rate rises",
    default_text = "the preset's, or 0" },
  { name = "shards", kind = "integer", default = 1, from = 1, group = "threads", decides = true,
    help = "number of parts of a batch whose gradients are summed in order; another number gives "
      .. "other last digits" },
  { name = "threads", kind = "integer", default = 1, from = 1, group = "threads", tunable = false,
    help = "number of threads that compute the shards, at most one a shard; changes no digit" },
  { name = "modules", list = "string", default = {}, may_be_empty = true, group = "threads",
    tunable = false, line = false, help = "modules that each other thread requires first" },
  { name = "conditions", kind = "table", default = {}, group = "files", tunable = false,
    help = "plain data that a resumed run must have unchanged, kept in the files" },
  { name = "notes", kind = "table", default = {}, group = "files", tunable = false,
    help = "plain data, kept in the files" },
  { name = "on_step", kind = "function", group = "training", tunable = false,
    help = "called as on_step(epoch, step, steps, loss)" },
  { name = "on_epoch", kind = "function", group = "training", tunable = false,
    help = "called as on_epoch(state, improved, metrics)" },
}
