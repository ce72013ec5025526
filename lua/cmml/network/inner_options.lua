--- Options of adapting by gradients, whatever takes the steps.
--
-- @module cmml.network.inner_options
return {
  --- Which task the rows of a tensor belong to.
  owners = { name = "owners", kind = "table", default_text = "none",
    help = "nested as `start`: of tensors whose rows are not one a task, the task of each row "
      .. "(Ids)" },
}
