-- Each request gets the next path of a file, which has one a line, and begins again at its end. Every thread begins at
-- another place.
local threads = 0

function setup(thread)
   thread:set("place", threads)
   threads = threads + 1
end

function init(arguments)
   paths = {}
   for line in io.lines(arguments[1]) do paths[#paths + 1] = line end
   at = math.floor(place * #paths / tonumber(arguments[2]))
end

function request()
   at = at % #paths + 1
   return wrk.format("GET", paths[at])
end
