--- Folding people in: what kinds have in common that learn of who took what, and score all items
-- for a person who was not there in closed form.
--
-- What a person took is a row of a sparse matrix. A kind says how rows become scores of all items;
-- here is what is the same for all: how matrices are made of what is learnt from and of supports,
-- and that items of the same score, as for a person of whom nothing is known, are ordered by how
-- many people took them.
--
-- @module cmml
local args = require "cmml.base.args"
local raise = args.error

return function(cmml, use)
  local core = cmml.core
  local check_entries = use "recommenders.checkpoint".check_entries
  local contributions = use "recommenders.contributions"
  use "recommenders.kind"

  -- How much of the share of people is added to a score: nothing beside differences that mean
  -- something.
  local of_popularity = 1e-6

  local fold_in = {}

  --- The option that says what an interaction counts.
  fold_in.values = { name = "values", kind = "string", choices = { "binary", "log", "plain" },
    default = "binary", group = "model",
    help = "what an interaction of weight w counts: 1, log2(1 + w), or w; of ratings, which are "
      .. "relevant or not, w is 1" }

  -- Weights as the option has them.
  local function valued(values, weights)
    if values == "binary" then
      return weights:step()
    end
    return values == "log" and (weights + 1):log() * (1 / math.log(2)) or weights
  end

  --- What the rows of supports count.
  -- @tparam Recommender self
  -- @tparam table support Rows
  -- @treturn Tensor [rows]
  function fold_in.weights(self, support)
    return valued(self.options.values, cmml.users.weights(self.catalogue, support.labels))
  end

  -- What people of supports took, a row each.
  local function matrix_of(self, support)
    return core.sparse(support.segments:groups(), support.items, fold_in.weights(self, support),
      #support.segments, #self.catalogue.items)
  end

  -- What is learnt from, by user and by item, and how many people took each item.
  local function learnt_from(self, data)
    local taken, n = data.interactions, #self.catalogue.items
    local users = taken.rows:groups()
    local weights = valued(self.options.values or "binary", taken.weights)
    local by_user = core.sparse(users, taken.columns, weights, #taken.rows, n)
    local people = core.scatter_add_rows(core.full({ n }, 0), taken.weights:step(), taken.columns)
    return { n_items = n, n_users = #taken.rows, by_user = by_user, people = people,
      mean_square = by_user.weights:square():sum():item()
        / math.max(people:step():sum():item(), 1),
      by_item = core.sparse(by_user.columns, by_user.rows:groups(), by_user.weights, n,
        #taken.rows) }
  end

  local function set_people(self, people, n_users)
    self.people, self.n_users = people, n_users
    self.ties = (people * (of_popularity / math.max(n_users, 1))):reshape { 1, -1 }
  end

  --- A declaration of a kind for `kind`, of one that scores all items for a person at once.
  -- @tparam table own what `kind` takes, but in place of fit, adapt and score: fit(self, x), where
  -- x has by_user and by_item (sparse matrices), mean_square (of an item that somebody took, the
  -- mean of its sum of squares: of binary values its number of people), people (Tensor, how many
  -- took each item), n_users and n_items, and data, what `kind` gives a fit; and scores(self,
  -- matrix), of a sparse matrix [people, items] the scores [people, items]; linear (true where
  -- these are linear in the matrix, by which contributions are known); matrix(self, support), what
  -- people of supports took, a row each, where that is more than who took what. tensors(self) and
  -- restore(self, tensors) keep what it learnt; options have `fold_in.values` unless there is
  -- matrix; settings are {"users"} unless they are given
  -- @treturn table
  function fold_in.completed(own)
    local all = {}
    for key, value in pairs(own) do
      all[key] = value
    end
    all.settings, all.learns, all.predicts = own.settings or { "users" }, "fit", "ranking"
    all.scores, all.linear, all.matrix = nil, nil, nil
    local matrix = own.matrix or matrix_of
    function all.make(catalogue, opt)
      local self, n = own.make and own.make(catalogue, opt) or {}, #catalogue.items
      set_people(self, core.full({ n }, 0), 0)
      return self
    end
    function all.fit(self, data)
      local x = learnt_from(self, data)
      x.data = data
      set_people(self, x.people, x.n_users)
      return own.fit(self, x)
    end
    function all.adapt(self, support)
      return { scores = own.scores(self, matrix(self, support)) + self.ties }
    end
    function all.score(_, state, rows)
      return core.pick_scores(state.scores, rows.items, rows.segments)
    end
    function all.score_all(_, state)
      return state.scores
    end
    if own.linear then
      function all.contributions(self, support, rows)
        return contributions.of_each_alone(support, rows, #self.catalogue.items, function(alone)
          return own.scores(self, matrix(self, alone))
        end)
      end
    end
    function all.tensors(self)
      local list = { { "people", self.people }, { "n_users", { self.n_users } } }
      return table.move(own.tensors(self), 1, #own.tensors(self), 3, list)
    end
    all.integers = { n_users = true }
    for name in pairs(own.integers or {}) do
      all.integers[name] = true
    end
    function all.restore(catalogue, opt, tensors)
      check_entries({ tensors[1], tensors[2] }, { { "people", { #catalogue.items } },
        { "n_users" } })
      local n_users = tensors[2][2][1]
      if #tensors[2][2] ~= 1 or n_users < 0 then
        raise("n_users is not one number of people", 0)
      end
      local self = cmml.recommenders[own.name](catalogue, opt)
      set_people(self, tensors[1][2], n_users)
      own.restore(self, table.move(tensors, 3, #tensors, 1, {}))
      return self
    end
    return all
  end

  --- What a model file keeps of a sparse matrix [items, items].
  -- @tparam table matrix as `core.sparse` gives it
  -- @tparam[opt=""] string prefix of the names
  -- @treturn table list of {name, tensor or list of integers, dtype}; `lengths` and `columns` are
  -- integers
  function fold_in.entries_of(matrix, prefix)
    prefix = prefix or ""
    return { { prefix .. "weights", matrix.weights },
      { prefix .. "lengths", matrix.rows:totable(), "I32" },
      { prefix .. "columns", matrix.columns:totable(), "I32" } }
  end

  --- The matrix that a model file keeps so; raises where it is none.
  -- @tparam table entries list of {name, tensor or list of integers}
  -- @tparam integer n number of items
  -- @tparam[opt=""] string prefix of the names
  -- @treturn table a sparse matrix [items, items]
  function fold_in.matrix_in(entries, n, prefix)
    prefix = prefix or ""
    local count = entries[1] and cmml.is_tensor(entries[1][2]) and entries[1][2].count or 0
    check_entries(entries, { { prefix .. "weights", { count } }, { prefix .. "lengths" },
      { prefix .. "columns" } })
    local lengths, columns, sum = entries[2][2], entries[3][2], 0
    for _, length in ipairs(lengths) do
      sum = sum + math.max(length, 0)
    end
    if #lengths ~= n or #columns ~= count or sum ~= count then
      raise(("lengths of %d items, %d columns and %d weights do not go together, of %d items")
        :format(#lengths, #columns, count, n), 0)
    end
    return core.sparse(core.segments(lengths):groups(), core.ids(columns), entries[1][2], n, n)
  end

  --- A matrix without entries.
  -- @tparam integer n number of items
  -- @treturn table a sparse matrix [items, items]
  function fold_in.no_matrix(n)
    return core.sparse(core.ids {}, core.ids {}, nil, n, n)
  end

  return fold_in
end
