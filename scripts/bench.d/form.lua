-- Each request posts the same file, which is a form.
function init(arguments)
   local file = io.open(arguments[1], "rb")
   body = file:read("*a")
   file:close()
end

function request()
   return wrk.format("POST", nil, nil, body)
end
