-- What wrk sends, and its result as one line of JSON. Arguments after "--":
--   METHOD BODY_BYTES THINK_MS ROUTES
-- THINK_MS > 0: every connection waits about that long between two requests (exponentially distributed), so that
-- latency is the proxy's own and not a queue's. ROUTES > 0: a thousand different targets spread over that many routes.

local TARGETS = 1000

function init(args)
  local bytes, think, routes = tonumber(args[2]), tonumber(args[3]), tonumber(args[4])
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
    local requests, next_one = {}, 0
    for i = 0, TARGETS - 1 do
      local route = math.floor(i * routes / TARGETS)
      requests[i] = wrk.format(nil, string.format("/api/v1/area-%05d/orders/%d", route, i))
    end
    function request()
      next_one = (next_one + 1) % TARGETS
      return requests[next_one]
    end
  end
end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"seconds":%.6f,"errors":%d,"refused":%d,"p50_us":%d,"p99_us":%d,"max_us":%d}\n',
    summary.requests, summary.duration / 1e6, e.connect + e.read + e.write + e.timeout, e.status,
    latency:percentile(50), latency:percentile(99), latency.max))
end
