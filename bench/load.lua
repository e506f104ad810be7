-- What wrk sends, and its result as one line of JSON. Arguments after "--":
--   METHOD BODY_BYTES THINK_MS ROUTES HEADS
-- THINK_MS > 0: every connection waits about that long between two requests (exponentially distributed), so that
-- latency is the proxy's own and not a queue's. ROUTES > 0: a thousand different targets spread over that many routes.
-- HEADS > 0: so many different heads in turn, as if every client had its own token, cookie and trace.

local TARGETS = 1000

-- Send the requests make(0) ... make(count - 1), and again.
local function in_turn(count, make)
  local requests, next_one = {}, 0
  for i = 0, count - 1 do requests[i] = make(i) end
  function request()
    next_one = (next_one + 1) % count
    return requests[next_one]
  end
end

function init(args)
  local bytes, think, routes, heads = tonumber(args[2]), tonumber(args[3]), tonumber(args[4]), tonumber(args[5])
  wrk.method = args[1]
  wrk.headers["User-Agent"] = "gatewayd-bench"
  wrk.headers["Accept"] = "*/*"
  if bytes > 0 then
    wrk.body = string.rep("x", bytes)
    wrk.headers["Content-Type"] = "application/octet-stream"
  end
  if think > 0 then
    math.randomseed(7)
    function delay() return math.floor(0.5 - think * math.log(1 - math.random())) end
  end
  if routes > 0 then
    in_turn(TARGETS, function(i)
      return wrk.format(nil, string.format("/api/v1/area-%05d/orders/%d", math.floor(i * routes / TARGETS), i))
    end)
  elseif heads > 0 then
    in_turn(heads, function(i)
      wrk.headers["Authorization"] = "Bearer " .. string.rep(string.format("%08x", i * 2654435761 % 4294967296), 24)
      wrk.headers["Cookie"] = string.format("session=%032x; theme=dark", i * 40503)
      wrk.headers["traceparent"] = string.format("00-%032x-%016x-01", i * 7919 + 1, i + 1)
      return wrk.format()
    end)
  end
end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"seconds":%.6f,"errors":%d,"refused":%d,"p50_us":%d,"p99_us":%d,"max_us":%d}\n',
    summary.requests, summary.duration / 1e6, e.connect + e.read + e.write + e.timeout, e.status,
    latency:percentile(50), latency:percentile(99), latency.max))
end
