--- What kinds have in common whose network reads a sequence and says what comes next: vectors of
-- items, an encoder of sequences, and scores that are products of a person's state and the vectors.
--
-- An encoder is a module of (e, segments, options), as `sequence_encoder`: of vectors of items
-- [rows, width] it gives the states behind each row [rows, width]. Options are key, of dropout,
-- through, functions that layers go through (see `fast_weights`), and features of the rows.
--
-- @module cmml.recommenders.sequence_network
local args = require "cmml.base.args"
local changed = require("cmml.base.options").changed
local raise = args.error

return function(cmml, use)
  local core = cmml.core
  local latest = use "recommenders.latest"
  local next_item = use "recommenders.next_item_loss"
  --- The weights of such a network.
  -- @tfield ItemVectors items
  -- @tfield Module encoder
  local Weights = cmml.nn.class "cmml.SequenceWeights"
  local network = {}

  -- What orders the items of a person of whom nothing is known: nothing beside any score.
  local of_popularity = 1e-6

  --- The options of sizes.
  network.sizes = {
    { name = "width", kind = "integer", from = 1, default = 64, group = "model", search = "64|128",
      help = "width of the vectors of items and of a person's state" },
    { name = "length", kind = "integer", from = 1, to = 4096, default = 50, group = "model",
      unit = "interactions", help = "so many of a person's latest interactions are read" },
  }

  --- The option of what items' vectors are made of.
  network.reads = { name = "reads", list = "string", default = { "ids" }, group = "model",
    tunable = false, help = "what vectors of items are made of: ids, names of content features, "
      .. "fields (all of them), or random, numbers that say nothing but which item it is" }

  --- The option of whether what they are made of is learnt.
  network.learn_features = changed(require "cmml.network.learn_features_option", {
    group = "model" })

  --- The options of all such kinds.
  network.options = table.move(network.sizes, 1, #network.sizes, 1, {})
  for _, option in ipairs { network.reads, network.learn_features,
    table.unpack(next_item.options) } do
    network.options[#network.options + 1] = option
  end

  --- The training of presets.
  network.training = { lr = 2e-3, epochs = 60, patience = 10 }

  --- The names of content features that a catalogue's items have. Raises where one is asked for
  -- that they do not have, and where there is nothing to read.
  -- @tparam Catalogue catalogue
  -- @tparam {string,...} reads with "fields" for all of them
  -- @tparam[opt="reads"] string option that says so, for messages
  -- @treturn {string,...}
  function network.read_names(catalogue, reads, option)
    local known, names, is_missing = catalogue.items:field_names(), {}, false
    for _, name in ipairs(reads) do
      if name == "fields" then
        table.move(known, 1, #known, #names + 1, names)
      elseif name == "ids" or name == "random" then
        names[#names + 1] = name
      else
        names[#names + 1] = #known > 0 and args.one_of(args.option(option or "reads")
          .. ": the field", name, known, 0) or nil
        is_missing = is_missing or #known == 0
      end
    end
    if #names == 0 or is_missing then
      raise(("%s: the items of these data have no content features; what is left to read is ids")
        :format(args.option(option or "reads", table.concat(reads, ","))), 0)
    end
    return names
  end

  --- The fields of a model: module with items and an encoder, and known, the items that may be
  -- learnt from.
  -- @tparam Catalogue catalogue
  -- @tparam table opt width, reads
  -- @tparam table init from `nn.init`
  -- @tparam Module encoder
  -- @tparam[opt] table class of the module
  -- @treturn table
  function network.parts(catalogue, opt, init, encoder, class)
    local module = (class or Weights).new()
    module:register("items", cmml.item_vectors { items = catalogue.items, width = opt.width,
      reads = network.read_names(catalogue, opt.reads), learn_features = opt.learn_features,
      init = init })
    module:register("encoder", encoder)
    return { module = module, known = next_item.known_items(catalogue) }
  end

  --- The rows of sequences out of a batch of them that is padded.
  -- @tparam Tensor padded [sequences, time, width]
  -- @tparam Segments segments
  -- @treturn Tensor [rows, width]
  function network.unpadded(padded, segments)
    local places, time = {}, padded.shape[2]
    for k, length in ipairs(segments:totable()) do
      for t = 1, length do
        places[#places + 1] = (k - 1) * time + t
      end
    end
    return padded:reshape({ -1, padded.shape[3] }):gather_rows(core.ids(places))
  end

  --- The numbers of rows.
  -- @tparam integer n
  -- @treturn Ids 1 to n
  function network.numbers(n)
    return core.segments({ n }):places()
  end

  -- What popularity adds to scores [1, items]: it orders items of the same score.
  local function ties_of(catalogue)
    local counts = catalogue.items.counts or core.full({ #catalogue.items }, 0)
    local total = math.max(counts:sum():item(), 1)
    return core.keep((counts * (of_popularity / total)):reshape { 1, -1 })
  end

  --- Scores of all items for states of people.
  -- @tparam Recommender self
  -- @tparam Tensor users [people, width]
  -- @treturn Tensor [people, items]
  function network.score_all(self, users)
    return users:matmul(self.module.items:all():transpose()) + self.ties
  end

  --- Scores of rows for states of people.
  -- @tparam Recommender self
  -- @tparam Tensor users [people, width]
  -- @tparam table rows Rows
  -- @treturn Tensor [rows]
  function network.score(self, users, rows)
    local ties = self.ties:reshape { -1 }
    return core.row_dot(users:segment_expand(rows.segments), self.module.items:of(rows.items))
      + ties:gather_rows(rows.items)
  end

  --- What masks of dropout in a batch are a function of.
  -- @tparam table batch of a training
  -- @treturn table
  function network.key(batch)
    return { seed = batch.seed, epoch = batch.draw, task = batch.tasks[1] }
  end

  --- The options that an encoder is run with.
  -- @tparam Recommender self whose features are those of items that attention sees; nil for none
  -- @tparam Ids items of the rows
  -- @tparam[opt] table key of dropout
  -- @tparam[opt] table through functions that layers go through, see `fast_weights`
  -- @treturn table
  function network.encoder_options(self, items, key, through)
    return { key = key, through = through,
      features = self.features and core.embedding(self.features, items) }
  end

  --- The states behind each row.
  -- @tparam Recommender self
  -- @tparam Tensor e vectors of items [rows, width]
  -- @tparam table rows Rows
  -- @tparam[opt] table key of dropout
  -- @tparam[opt] table through functions that layers go through, see `fast_weights`
  -- @treturn Tensor [rows, width]
  function network.states(self, e, rows, key, through)
    return (self.module.encoder(e, rows.segments,
      network.encoder_options(self, rows.items, key, through)))
  end

  --- The states behind the last row of each task; zeros where it has none.
  -- @tparam Recommender self
  -- @tparam Tensor e vectors of items [rows, width]
  -- @tparam table rows Rows
  -- @treturn Tensor [tasks, width]
  function network.last(self, e, rows)
    return core.embedding(network.states(self, e, rows), core.last_rows(rows.segments))
  end

  --- The loss of all rows of a batch.
  -- @tparam Recommender self
  -- @tparam table batch of a training
  -- @treturn Tensor
  function network.loss(self, batch)
    local rows = latest.rows(batch.support, self.options.length)
    local e, loss = next_item.of(self, rows, batch)
    return loss(network.states(self, e, rows, network.key(batch)))
  end

  --- A declaration of a kind for `kind`.
  -- @tparam table own what `kind` takes, but in place of make, adapt and score: encoder(opt, init,
  -- features) gives the encoder. Optional: features(catalogue, opt), those of items that attention
  -- sees, or nil; last(self, e, rows), the states behind the last row of each task [tasks, width],
  -- of an encoder that has them for less than all; loss, if it is not that of all rows
  -- @treturn table
  function network.declared(own)
    local all = {}
    for key, value in pairs(own) do
      all[key] = value
    end
    all.encoder, all.features, all.last = nil, nil, nil
    local last = own.last or network.last
    all.settings, all.learns, all.predicts = { "sequences" }, "gradient", "ranking"
    all.options = table.move(own.options or {}, 1, #(own.options or {}), #network.options + 1,
      table.move(network.options, 1, #network.options, 1, {}))
    function all.make(catalogue, opt, init)
      local features = own.features and own.features(catalogue, opt)
      local self = network.parts(catalogue, opt, init, own.encoder(opt, init, features))
      self.ties, self.features = ties_of(catalogue), features
      return self
    end
    function all.adapt(self, support)
      local rows = latest.rows(support, self.options.length)
      return { users = last(self, self.module.items:of(rows.items), rows) }
    end
    function all.score(self, state, rows)
      return network.score(self, state.users, rows)
    end
    function all.score_all(self, state)
      return network.score_all(self, state.users)
    end
    all.loss = own.loss or network.loss
    return all
  end

  return network
end
