-- Each request proposes the next pairing of a file, whose lines are request bodies. Every thread has a share of
-- the file, so that no pairing is proposed twice.
local threads = 0

function setup(thread)
   thread:set("share", threads)
   threads = threads + 1
end

function init(arguments)
   local file, parts = arguments[1], tonumber(arguments[2])
   bodies, at = {}, 0
   local number = 0
   for line in io.lines(file) do
      if number % parts == share then bodies[#bodies + 1] = line end
      number = number + 1
   end
end

function request()
   at = at + 1
   return wrk.format("POST", nil, nil, bodies[at] or "the file is too short")
end
