--- cmml: context modulation meta-learning for recommenders that serve people they have never seen.
--
-- `local cmml = require "cmml"` gives a table and makes nothing global. It computes in float32;
-- `cmml.double` is the same library over the float64 core, for checking gradients.
--
-- @module cmml
local core = require "cmml.base.load_core" "cmml.core" -- before anything else that needs it
return require "cmml.library"(core)
