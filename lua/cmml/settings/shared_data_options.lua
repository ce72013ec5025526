--- Options that data and tasks of several settings have.
--
-- @module cmml.settings.shared_data_options
return {
  name = { name = "name", kind = "string", default = "data",
    help = "name for messages and tables" },
  items = { name = "items", kind = "table", default = {},
    help = "list of records {id = .., title = .., <field> = value or list of values}" },
  users = { name = "users", kind = "table", required = true,
    help = "list of user rows, one a task" },
  shuffle = { name = "shuffle", kind = "boolean", default = false,
    help = "visit the users in a fresh order each draw" },
}
