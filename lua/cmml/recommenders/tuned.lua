--- Settings that tuning found, by setting and kind: each is the kind's preset `tuned`.
--
-- Written by `cmml tune --keep`, entry by entry; `tuned` in an entry says how it was found.
--
-- @module cmml.recommenders.tuned
return {}
