--- Rows of ratings as vectors of content features: those of the item, then those of the person.
--
-- What repeats is looked up once: an item that several tasks speak of, and each person.
--
-- @module cmml.recommenders.content_rows
return function(cmml)
  local core = cmml.core
  local content_rows = {}

  --- The embeddings of all fields of a catalogue, to be registered as a module's.
  -- @tparam Catalogue catalogue
  -- @tparam integer width of a field's vector
  -- @tparam table init from `nn.init`
  -- @treturn FieldEmbedding
  -- @treturn integer columns of `of`
  function content_rows.embedding(catalogue, width, init)
    local fields = catalogue.items:sizes()
    table.move(catalogue.users:sizes(), 1, #catalogue.users:sizes(), #fields + 1, fields)
    return cmml.nn.field_embedding { fields = fields, width = width, init = init }, #fields * width
  end

  --- The vectors of people.
  -- @tparam FieldEmbedding embedding
  -- @tparam Catalogue catalogue
  -- @tparam table people {bags, rows}, as Rows of the setting users have them
  -- @treturn ?Tensor [tasks, columns]; nil if the catalogue has no fields of users
  function content_rows.people(embedding, catalogue, people)
    local names = catalogue.users:field_names()
    return #names > 0 and embedding(names, people.bags, people.rows) or nil
  end

  --- Rows as one joined matrix, in which what repeats stands once.
  -- @tparam function of_items of (items): a list of Tensors [#items, columns]
  -- @tparam ?Tensor user [tasks, columns]
  -- @tparam Ids items of the rows
  -- @tparam Segments segments which rows belong to which task
  -- @treturn Joined
  function content_rows.joined(of_items, user, items, segments)
    local places
    if #segments > 1 then
      items, places = core.distinct(items)
    end
    local parts = {}
    for i, vectors in ipairs(of_items(items)) do
      parts[i] = { vectors, places }
    end
    if user then
      parts[#parts + 1] = { user, segments:groups() }
    end
    return cmml.joined(parts)
  end

  --- The vectors of rows.
  -- @tparam FieldEmbedding embedding
  -- @tparam Catalogue catalogue
  -- @tparam ?Tensor user what `people` gave
  -- @tparam Ids items of the rows
  -- @tparam Segments segments which rows belong to which task
  -- @treturn Joined
  function content_rows.of(embedding, catalogue, user, items, segments)
    local names = catalogue.items:field_names()
    return content_rows.joined(function(distinct)
      return { #names > 0 and embedding(names, catalogue.items.bags, distinct) or nil }
    end, user, items, segments)
  end

  return content_rows
end
