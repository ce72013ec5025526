--- A learner of MML: SASRec over vectors by id, or over content features, meta-learned by
-- first-order MAML (Pan et al., CIKM 2022).
--
-- In training each person's encoder takes steps of SGD on what came next until the last but one
-- interaction, and what is learnt from is the last one, by the weights behind the steps; without
-- steps all interactions are learnt from, and it is SASRec. Vectors of items are learnt by the
-- outer loop alone. Attention may see content features (features of a query times those of a key).
--
-- @module cmml
return function(cmml, use)
  local core = cmml.core
  local content_features = use "recommenders.content_features"
  local latest = use "recommenders.latest"
  local network = use "recommenders.sequence_network"
  local next_item = use "recommenders.next_item_loss"
  local sasrec = use "recommenders.sasrec"
  local sequence_fine_tuning = use "recommenders.sequence_fine_tuning"

  local own = {
    { name = "inner_steps", kind = "integer", from = 0, to = 100, default = 0, unit = "steps",
      group = "model", search = "0|1|5",
      help = "number of gradient steps of each person's encoder in training" },
    { name = "inner_lr", kind = "number", above = 0, default = 1e-3, group = "model",
      search = "log:1e-4:0.1", help = "learning rate of these steps" },
    { name = "keep_last", kind = "boolean", default = false, group = "model", tunable = false,
      help = "as published, by mistake: a training step starts from the weights that the last "
        .. "person's steps came to, not from those that they began with" },
    { name = "attention_fields", list = "string", default = {}, may_be_empty = true,
      group = "model", tunable = false,
      help = "content features that attention sees, too (feature-aware attention)" },
    { name = "attention_scale", kind = "number", default = 1e-3, group = "model",
      help = "how much the product of two items' features counts in attention" },
  }
  local options = table.move(sasrec.options, 1, #sasrec.options, #own + 1, own)

  -- Features of items for attention; nil where it sees none.
  local function features_of(catalogue, opt)
    if #opt.attention_fields == 0 then
      return nil
    end
    return content_features.of(catalogue.items, network.read_names(catalogue,
      opt.attention_fields, "attention_fields"))
  end

  -- Parts of a mean over the rows of each task but its last one, and the numbers of these last
  -- rows.
  local function parts_of(segments)
    local shares = {}
    for _, n in ipairs(segments:totable()) do
      for row = 1, n do
        shares[#shares + 1] = row < n and 1 / (n - 1) or 0
      end
    end
    return core.tensor(shares), core.last_rows(segments)
  end

  -- First-order MAML: the error of each person's last interaction behind steps on those before.
  local function meta_loss(self, batch)
    local opt, items, key = self.options, self.module.items, network.key(batch)
    local rows = latest.rows(batch.support, opt.length)
    local segments = rows.segments
    local e, _, errors = next_item.of(self, rows, batch)
    local shares, last = parts_of(segments)
    local fixed, better = e:detach(), items:of(rows.following):detach()
    local weights = cmml.fast_weights(#segments, function(through, step)
      local worse = items:of(next_item.others(self.known, rows.following, batch, step)):detach()
      local h = network.states(self, fixed, rows, { seed = key.seed + step, epoch = key.epoch,
        task = key.task }, through(segments))
      local found = next_item.compared(h, better, worse) * shares
      return found:reshape({ -1, 1 }):segment_sum(segments):reshape { -1 }
    end, { steps = opt.inner_steps, lr = opt.inner_lr })
    self.last_weights = opt.keep_last and { weights, #segments } or nil
    local h = network.states(self, e, rows, key, weights(segments))
    return errors(h):reshape({ -1, 1 }):gather_rows(last):mean()
  end

  cmml.kind(sequence_fine_tuning.declared {
    name = "mml_learner", title = "MML (one learner)", source = "Pan et al., CIKM 2022",
    options = options, tune_steps = 0, encoder = sasrec.encoder, features = features_of,
    presets = {
      recommended = { model = {}, training = network.training },
      published = { model = { loss = "bpr", inner_steps = 5, inner_lr = 1e-3, fine_tune_steps = 50,
        fine_tune_lr = 0.3, fine_tune_items = true, keep_last = true, learn_features = true },
        training = { batch = 256, lr = 1e-3, epochs = 10, patience = 0, choose = "last" } },
    },
    before_step = function(self)
      if self.last_weights then
        self.last_weights[1]:keep(self.module.encoder, self.last_weights[2])
      end
    end,
    loss = function(self, batch)
      return (self.options.inner_steps > 0 and meta_loss or network.loss)(self, batch)
    end,
  })

  -- SASRec with gradient steps on what a person did: training is that of the plain kind.
  cmml.kind(sequence_fine_tuning.declared {
    name = "sasrec_tuned", title = "SASRec, fine-tuned",
    source = "Kang and McAuley, ICDM 2018", options = sasrec.options,
    presets = sasrec.presets, encoder = sasrec.encoder,
  })
end
