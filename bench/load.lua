-- For wrk: posts a module with a new UNIQUE each time, after a pause, and prints one line of JSON at the end.
local before, after, seed
local pause_ms = 0
local count = 0

function init(args)
  local file = assert(io.open(args[1], "rb"))
  local source = file:read("*a")
  file:close()
  local from, to = source:find('"UNIQUE"', 1, true)
  before = source:sub(1, from)
  after = source:sub(to)
  seed = args[2]
  wrk.headers["content-type"] = args[3]
  pause_ms = tonumber(args[4])
end

function delay()
  return pause_ms
end

function request()
  count = count + 1
  return wrk.format("POST", nil, nil, before .. seed .. "-" .. count .. after)
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '{"runs":%d,"us":%d,"p50":%d,"p95":%d,"p99":%d,"max":%d,"failed":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(95), latency:percentile(99), latency.max,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
