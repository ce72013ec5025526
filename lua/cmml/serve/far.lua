--- Numbers as large say that an item is in no list, not how good it is: see
-- recommenders/list_content.lua.
--
-- @module cmml.serve.far
return 1e8
