--- Catalogues of other items in terms of what a model knows: new items with known fields, and items
-- of other data.
--
-- @classmod cmml.Catalogue
local args = require "cmml.base.args"
local plain = require "cmml.base.plain"
local raw_ids = require "cmml.data.raw_ids"
local raise = args.error

return function(cmml, use)
  local core = cmml.core
  local catalogues = use "data.catalogue"
  local kinds, side, standard = use "data.field_kinds", use "data.side", use "data.standard"
  local Catalogue = catalogues.Catalogue

  -- A catalogue like this one with other items.
  local function with_side(self, fields)
    local copy = {}
    for key, value in pairs(self) do
      copy[key] = value
    end
    copy.items, copy.made_of = side.new(fields), {}
    return setmetatable(copy, Catalogue)
  end

  local function refuse_vectors(self, where, level)
    if next(self.items.vectors) then
      raise(where .. ": the items of this catalogue are known by vectors, not by fields: make a "
        .. "catalogue of vectors that have the new items, too", level + 1)
    end
  end

  -- Raises unless a record has an id, and fields that the catalogue has.
  local function check_record(self, where, i, record, level)
    if type(record) ~= "table" then
      raise(("%s: entry %d must be a record {id = .., field = ..}, not %s"):format(where, i,
        args.describe(record)), level + 1)
    elseif record.id == nil then
      raise(("%s: entry %d has no id"):format(where, i), level + 1)
    end
    local names = self.items:field_names()
    for key in pairs(record) do
      local is_known = key == "id" or key == "title"
      for _, name in ipairs(names) do
        is_known = is_known or key == name
      end
      if not is_known then
        raise(("%s: the model knows no field %s of items; %s"):format(where, args.shown(key),
          args.suggest(plain.tostring(key), names)), level + 1)
      end
    end
  end

  --- The same catalogue with other items, by what their records tell: fields of which the model
  -- knows nothing are refused, with the nearest name; values that it does not know count as absent.
  -- @tparam table records list of {id = .., title = .., <field> = value}
  -- @tparam[opt="of_items"] string where prefix of errors
  -- @treturn Catalogue of these items alone
  -- @treturn table what was met, by field: how many values are unknown, missing or beyond
  function Catalogue:of_items(records, where)
    where = where or "of_items"
    args.expect(where .. ": records", records, "table")
    args.list(where .. ": records", records)
    refuse_vectors(self, where, 2)
    local ids, titles, told = core.vocab(), {}, {}
    for i, record in ipairs(records) do
      check_record(self, where, i, record, 2)
      if raw_ids.add(ids, record.id, 2, "%s: entry %d", where, i) ~= i then
        raise(("%s: two records have the id %s"):format(where, args.shown(record.id)), 2)
      end
      titles[i] = record.title or ""
    end
    local fields = { ids = ids, titles = titles, fields = self.items.fields }
    fields.bags = args.call(self.items.bags_of, self.items, records, #records, told)
    return with_side(self, fields), told
  end

  -- The values of two lists of items, one behind the other.
  local function joined(a, b)
    local bags, of_ids = {}, {}
    for f = 1, #a do
      if a[f].values then
        bags[f] = { values = core.concat({ a[f].values, b[f].values }, 1) }
      else
        local lengths = a[f].segments and a[f].segments:totable()
        if lengths then
          local more = b[f].segments:totable()
          table.move(more, 1, #more, #lengths + 1, lengths)
        end
        bags[f] = { ids = core.join_ids({ a[f].ids, b[f].ids }, { 0, 0 }),
          segments = lengths and core.segments(lengths) }
        of_ids[#of_ids + 1] = bags[f]
      end
    end
    bags.merged = core.merge_bags(of_ids)
    return bags
  end

  --- The same catalogue with more items behind those that it has, by what their records tell: see
  -- `of_items`. `model:over` of it gives a model that scores and recommends the new ones, too, and
  -- can be saved (but for lists of CMML, which are made anew from the model that was saved).
  -- @tparam table records list of {id = .., title = .., <field> = value}, of items that are not in
  -- the catalogue
  -- @treturn Catalogue
  -- @treturn table what was met, by field: how many values are unknown, missing or beyond
  -- @usage
  -- local film = { id = "new", genre = { "Drama" } }
  -- local more = model.catalogue:with_items { film }
  -- local wider = model:over(more)
  -- local person = wider:adapt { { "15", 5 } }
  -- print(#wider.catalogue.items, person:predict({ "new" })[1])
  function Catalogue:with_items(records)
    local others, told = self:of_items(records, "with_items")
    local items = self.items
    local bytes, offsets = items.ids:export()
    local ids, titles = core.vocab(bytes, offsets), {}
    for row = 1, #others.items do
      local id = others.items:text(row)
      if ids:id(id) then
        raise(("with_items: item %s is in the catalogue already"):format(id), 2)
      end
      ids:add(id)
    end
    for row = 1, #ids do
      titles[row] = row <= #items and (items.titles or {})[row]
        or row > #items and others.items.titles[row - #items] or ""
    end
    return with_side(self, { ids = ids, titles = titles, fields = items.fields,
      bags = joined(items.bags, others.items.bags),
      counts = items.counts and core.concat { items.counts, core.full({ #others.items }, 0) } }),
      told
  end

  -- Ids of values as another field numbers them; those that it does not know are unseen.
  local function renumbered(bag, field, own)
    if field.hash then
      return bag
    end
    local numbers, unseen = {}, own.extra == 1 and #own.vocab + 1 or 0
    for id = 1, #field.vocab do
      numbers[id] = own.vocab:id(field.vocab:text(id)) or unseen
    end
    numbers[#numbers + 1] = field.extra == 1 and unseen or nil
    return { ids = core.map_ids(bag.ids, core.ids(numbers)), segments = bag.segments }
  end

  -- Numbers in deviations from the mean of another field.
  local function rescaled(bag, field, own)
    local values, width = bag.values, bag.values.shape[2] - 1
    local scales, shifts, same = {}, {}, true
    for i = 1, width do
      scales[i] = field.deviation[i] / own.deviation[i]
      shifts[i] = (field.mean[i] - own.mean[i]) / own.deviation[i]
      same = same and scales[i] == 1 and shifts[i] == 0
    end
    if same then
      return bag
    end
    local missing = values:slice(2, width + 1, width + 1)
    local x = values:slice(2, 1, width) * core.tensor(scales) + core.tensor(shifts)
    return { values = core.concat { x:clamp(-standard.bound, standard.bound) * (1 - missing),
      missing } }
  end

  -- The field of a catalogue that stands for one of a model.
  local function counterpart(self, where, own, level)
    for f, field in ipairs(self.items.fields) do
      if field.name == own.name then
        if field.kind ~= own.kind or field.hash ~= own.hash or field.width ~= own.width then
          raise(("%s: the field %s of items is %s in the catalogue, but the model reads %s"):format(
            where, own.name, field.kind .. " (" .. kinds[field.kind].describe(field) .. ")",
            own.kind .. " (" .. kinds[own.kind].describe(own) .. ")"), level + 1)
        end
        return field, self.items.bags[f]
      end
    end
    raise(("%s: the model reads the field %s of items, which the catalogue does not have; it has "
      .. "%s"):format(where, own.name, self.items:fields_text()), level + 1)
  end

  --- The items of this catalogue in terms of another, which a model was made for: with its fields,
  -- and the values numbered as there.
  -- @tparam Catalogue other
  -- @tparam string where prefix of errors
  -- @treturn Catalogue
  function Catalogue:in_terms_of(other, where)
    refuse_vectors(self, where, 2)
    local bags, of_ids = {}, {}
    for f, own in ipairs(other.items.fields) do
      local field, bag = counterpart(self, where, own, 2)
      bags[f] = bag
      if field ~= own then
        bags[f] = (bag.values and rescaled or renumbered)(bag, field, own)
      end
      of_ids[#of_ids + 1] = bags[f].ids and bags[f] or nil
    end
    bags.merged = core.merge_bags(of_ids)
    return with_side(other, { ids = self.items.ids, titles = self.items.titles,
      fields = other.items.fields, bags = bags, counts = self.items.counts })
  end
end
