-- What wrk sends, and how it tells what it measured: as one line of JSON, with times in microseconds.

wrk.method = "POST"
wrk.path = "/evaluate"
wrk.headers["content-type"] = "application/json"
wrk.headers["authorization"] = "Bearer " .. os.getenv("CALLGATE_API_KEYS")
wrk.body = os.getenv("CALLGATE_CALL")

-- A connection waits on average as long as it is told between two calls, and not at the same times as the others do.
local pause = tonumber(os.getenv("CALLGATE_PAUSE")) or 0
if pause > 0 then
  function delay()
    return math.random(0, 2 * pause)
  end
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.timeout + errors.status
  io.write(string.format(
    '{"requests":%d,"duration":%d,"p50":%d,"p99":%d,"failed":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), failed
  ))
end
