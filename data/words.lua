--- Invented names, titles and plots for the made data set: syllables and sentence patterns.
--
-- Text is UTF-8; every character that is used is also in ISO 8859-1.
local words = {}

--- The genres that taste knows, in a ring: neighbours (the last is next to the first) are liked
-- together, those opposite are disliked.
words.ring = { "Comedy", "Romance", "Horror", "Action" }

--- Genres that nobody likes or dislikes.
words.neutral = { "Crime", "Drama", "Fantasy", "Mystery", "Sci-Fi", "War" }

-- %p is a place, %n a first name.
local titles = {
  Comedy = {
    "Uncle %n Goes Fishing", "Two Weddings in %p", "Never Ask %n", "The Mayor of %p",
    "%n and the Borrowed Hat", "A Chair for %n", "The %p Account",
  },
  Romance = {
    "A Letter from %p", "Spring in %p", "%n in Love", "The Last Dance at %p", "Promise Me, %n",
    "The Daughters of %p", "Leaving %p",
  },
  Horror = {
    "The Crypt of %p", "What Sleeps under %p", "The Curse of %n", "Don't Wake %n", "The Well at %p",
    "The Winter of %p", "A Witness Called %n",
  },
  Action = {
    "Escape from %p", "The Siege of %p", "%n Must Hold", "Storm over %p", "The %p Run",
    "Night Train to %p", "The Man Who Left %p",
  },
}

local plots = {
  Comedy = "%n, a clerk in %p, inherits a circus and tells nobody.",
  Romance = "On the last ferry to %p, %n meets the author of the letters.",
  Horror = "Something below %p has learnt the voice of %n.",
  Action = "%n has a lorry, a map of %p and no time at all.",
}

local heads = {
  "Bar", "Cal", "Dor", "Fen", "Gal", "Hal", "Jor", "Kel", "Lun", "Mer", "Nor", "Pel", "Quil", "Ros",
  "Sel", "Tar", "Ul", "Vel", "Wes", "Zan",
}
local accented = { "Bér", "Göl", "Ñan", "Åst", "Zür", "Fiò" }
local middles = { "a", "e", "i", "o", "ada", "eli", "imo", "one", "ari", "ove" }
local place_ends = { "bourne", "grad", "stead", "via", "nor", "ria", "ton", "mark" }
local first_ends = { "n", "s", "tta", "lia", "ko", "rra", "ndo", "x" }
local last_ends = { "sen", "vic", "ley", "moor", "gran", "zzi", "berg", "nett" }

local function pick(random, list)
  return list[random(#list)]
end

local function name(random, ends)
  local head = pick(random, random(12) == 1 and accented or heads)
  return head .. pick(random, middles) .. pick(random, ends)
end

local function fill(random, pattern)
  return (pattern:gsub("%%(%l)", function(what)
    return name(random, what == "p" and place_ends or first_ends)
  end))
end

--- A first and a last name.
-- @tparam function random gives a whole number in 1..n
-- @treturn string
function words.person(random)
  return name(random, first_ends) .. " " .. name(random, last_ends)
end

--- The title of a film.
-- @tparam function random gives a whole number in 1..n
-- @tparam string genre one of the ring
-- @treturn string
function words.title(random, genre)
  return fill(random, pick(random, titles[genre]))
end

--- One sentence about a film.
-- @tparam function random gives a whole number in 1..n
-- @tparam string genre one of the ring
-- @treturn string
function words.plot(random, genre)
  return fill(random, plots[genre])
end

--- A title as catalogues sort it, with its article behind: `Crypt of Velanor, The`.
-- @tparam string title
-- @treturn string
function words.filed(title)
  local article, rest = title:match "^(The) (.*)$"
  if not article then
    article, rest = title:match "^(A) (.*)$"
  end
  return article and rest .. ", " .. article or title
end

--- The same text in ISO 8859-1.
-- @tparam string text UTF-8
-- @treturn string
function words.latin1(text)
  return (text:gsub(utf8.charpattern, function(character)
    return string.char(utf8.codepoint(character))
  end))
end

return words
