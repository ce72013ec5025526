--- Vectors of users and items, and their files: one .safetensors with the raw ids.
--
-- @module cmml
local args = require "cmml.base.args"
local json = require "cmml.base.json"
local plain = require "cmml.base.plain"
local same_ids = require "cmml.data.same_ids"
local raise = args.error

return function(cmml)
  local core = cmml.core
  local format, format_version = "cmml-vectors", 1
  --- Vectors of users and items, as `vectors.als` and `vectors.bpr` give them.
  -- @tfield string kind "als" or "bpr"
  -- @tfield Tensor users [n_users, factors]
  -- @tfield Tensor items [n_items, factors]
  -- @tfield number user_scale what the solution's user vectors were divided by
  -- @tfield number item_scale likewise
  -- @tfield table options how they were made: plain data
  -- @tfield ?table interactions what they were made of: users (Segments), items (Ids); not saved
  -- @tfield ?Vocab user_ids raw ids of the rows, where they were loaded from a file
  -- @tfield ?Vocab item_ids likewise
  local Vectors = { __name = "cmml.Vectors" }
  Vectors.__index = Vectors

  -- Checked vectors; raises plain messages.
  local function make(fields)
    for _, side in ipairs { "users", "items" } do
      local t = fields[side]
      if not cmml.is_tensor(t) or #t.shape ~= 2 or t.shape[2] ~= fields.items.shape[2] then
        raise(("the vectors of %s are not matrices of the same width"):format(side), 0)
      elseif not t:isfinite() then
        raise(("the vectors of %s hold numbers that are not finite"):format(side), 0)
      end
    end
    return setmetatable(fields, Vectors)
  end

  -- For the functions that make vectors.
  cmml.vectors.Vectors = Vectors

  function Vectors:__tostring()
    return ("[cmml.Vectors by %s: %d users, %d items, %d factors]"):format(self.kind,
      self.users.shape[1], self.items.shape[1], self.items.shape[2])
  end

  --- Rows of one size: each is divided by the root mean square of its numbers + 0.01, so that a
  -- vector of next to nothing stays small. The product of two is then a cosine, times their width.
  -- @tparam Tensor x [rows, width]
  -- @treturn Tensor of the same shape
  function cmml.vectors.unit_rows(x)
    args.expect("vectors.unit_rows: x", x, cmml.tensor_class)
    local square = args.call(core.row_dot, x, x) * (1 / (x.shape[2] or 1))
    return x * (1 / (square:sqrt() + 0.01)):reshape { -1, 1 }
  end

  --- The same vectors with rows of one size, see `vectors.unit_rows`.
  -- @treturn Vectors
  function Vectors:unit_rows()
    local copy = {}
    for key, value in pairs(self) do
      copy[key] = value
    end
    copy.users = cmml.vectors.unit_rows(self.users)
    copy.items = cmml.vectors.unit_rows(self.items)
    return setmetatable(copy, Vectors)
  end

  -- The numbers of the rows that raw ids have in another order.
  local function rows_of(side, mine, wanted, level)
    local rows = {}
    for row = 1, #wanted do
      rows[row] = mine:id(wanted:text(row))
      if not rows[row] then
        raise(("scenarios.catalogue: there is no vector of %s, number %d of the %s: these vectors "
          .. "were made of other data. Make them of the same interactions"):format(
          wanted:text(row), row, side), level + 1)
      end
    end
    return core.ids(rows)
  end

  --- The vectors in the order of other vocabularies, where they know their raw ids: those that were
  -- loaded from a file. Raises where an id has no vector; what nobody asks for is left out.
  -- @tparam Vocab users
  -- @tparam Vocab items
  -- @treturn Vectors the same object where nothing is in another order, or the ids are not known;
  -- otherwise one without `interactions`, which speak of the old rows
  function Vectors:in_order_of(users, items)
    local copy
    for _, side in ipairs { "user", "item" } do
      local vocab = side == "user" and users or items
      local mine = self[side .. "_ids"]
      if mine and same_ids.difference(mine, vocab) then
        copy = copy or setmetatable({}, Vectors)
        copy[side .. "s"] = self[side .. "s"]:gather_rows(rows_of(side .. "s", mine, vocab, 3))
        copy[side .. "_ids"] = vocab
      end
    end
    for key, value in pairs(copy and self or {}) do
      if copy[key] == nil and key ~= "interactions" then
        copy[key] = value
      end
    end
    return copy or self
  end

  --- Saves the vectors with the raw ids of their rows: whole, or the file that stood there stays.
  -- @tparam string path
  -- @tparam table ids users and items: a Vocab each, with an id for each row
  -- @treturn ?true
  -- @treturn ?string message
  function Vectors:save(path, ids)
    local entries = {}
    for _, side in ipairs { "users", "items" } do
      local vocab = type(ids) == "table" and ids[side]
      if type(vocab) ~= "userdata" or #vocab ~= self[side].shape[1] then
        raise(("save: ids.%s must be a Vocab of %d ids, one for each vector"):format(side,
          self[side].shape[1]), 2)
      end
      local bytes, offsets = vocab:export()
      table.move({ { name = side .. ".vectors", value = self[side] },
        { name = side .. ".bytes", value = bytes },
        { name = side .. ".offsets", value = offsets } }, 1, 3, #entries + 1, entries)
    end
    return core.write_archive(path, entries, { format = format,
      format_version = tostring(format_version), library_version = cmml._VERSION,
      config = json.encode { kind = self.kind, user_scale = self.user_scale,
        item_scale = self.item_scale, options = self.options } })
  end

  local function restore(archive, path)
    local version = math.tointeger(plain.tonumber(archive.metadata.format_version))
    if archive.metadata.format ~= format then
      raise("a safetensors file, but not of cmml vectors", 0)
    elseif not version or version > format_version then
      raise(("format %s; this library reads up to %d: update it"):format(
        plain.tostring(archive.metadata.format_version), format_version), 0)
    end
    local config, message = core.json_decode(archive.metadata.config or "", path)
    if type(config) ~= "table" or type(config.kind) ~= "string"
      or type(config.user_scale) ~= "number" or type(config.item_scale) ~= "number" then
      raise(message or "the configuration lacks kind or scales", 0)
    end
    local values = {}
    for _, entry in ipairs(archive.tensors) do -- one of a dtype that is not read counts as missing
      values[entry.name] = entry.value
    end
    local function vocab(side)
      local bytes, offsets = values[side .. ".bytes"], values[side .. ".offsets"]
      if type(bytes) ~= "string" or type(offsets) ~= "table" then
        raise(("the ids of %s are missing or of a wrong type"):format(side), 0)
      end
      local ids, wrong = core.vocab(bytes, offsets)
      if not ids then
        raise(wrong, 0)
      elseif not cmml.is_tensor(values[side .. ".vectors"])
        or #ids ~= values[side .. ".vectors"].shape[1] then
        raise(("%d ids of %s, but not as many vectors"):format(#ids, side), 0)
      end
      return ids
    end
    local item_ids, user_ids = vocab "items", vocab "users"
    return make { kind = config.kind, users = values["users.vectors"],
      items = values["items.vectors"], user_scale = config.user_scale,
      item_scale = config.item_scale, user_ids = user_ids, item_ids = item_ids,
      options = type(config.options) == "table" and config.options or {} }
  end

  --- Loads vectors that were saved, with their ids. Nothing in the file is trusted. It does not
  -- tell what they were made of: `evaluate` cannot see a leak in them and says `unchecked`,
  -- unless their field `interactions` is set to what they were made of.
  -- @tparam string path
  -- @treturn ?Vectors nil if the file is missing, damaged or of another kind
  -- @treturn ?string message
  function cmml.vectors.load(path)
    local archive, message = args.call(core.read_archive, path)
    if not archive then
      return nil, message
    end
    local ok, result = pcall(restore, archive, path)
    if not ok then
      return nil, ("%s: %s"):format(path, tostring(result))
    end
    return result
  end
end
