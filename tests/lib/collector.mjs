// collector.mjs - a collector of OpenTelemetry for tests: takes OTLP over HTTP as JSON and holds it against the schema of opentelemetry-proto
// (trace.proto, logs.proto, common.proto, resource.proto): a field that is not in it, of another type, or an id in another form is a fault.
import { httpServer } from "./upstream.mjs";
import { assert } from "./mayfly.mjs";

const u64 = (value, where) => { assert.match(value, /^(0|[1-9][0-9]{0,19})$/, where); assert.ok(BigInt(value) < 1n << 64n, where); };
const id = (size) => (value, where) => { assert.match(value, new RegExp(`^[0-9a-f]{${size}}$`), where); assert.notEqual(value, "0".repeat(size), where); };
const string = (value, where) => assert.equal(typeof value, "string", where);
const u32 = (value, where) => assert.ok(Number.isInteger(value) && value >= 0 && value < 2 ** 32, `${where}: ${value}`);
const oneOf = (...values) => (value, where) => assert.ok(values.includes(value), `${where}: ${value}`);
const list = (of) => (value, where) => { assert.ok(Array.isArray(value), where); value.forEach((item, i) => of(item, `${where}[${i}]`)); };

function message(fields, required = []) {
  return (value, where) => {
    assert.ok(value !== null && typeof value === "object" && !Array.isArray(value), where);
    for (const name of required) assert.ok(name in value, `${where}: ${name} is missing`);
    for (const [name, member] of Object.entries(value)) {
      assert.ok(name in fields, `${where}: there is no ${name}`);
      fields[name](member, `${where}.${name}`);
    }
  };
}

const anyValue = (value, where) => {
  message({ stringValue: string, boolValue: oneOf(true, false), intValue: (v, w) => assert.match(v, /^-?[0-9]{1,19}$/, w), doubleValue: (v, w) => assert.equal(typeof v, "number", w) })(value, where);
  assert.equal(Object.keys(value).length, 1, where);
};
const attributes = (value, where) => {
  list(message({ key: string, value: anyValue }, ["key", "value"]))(value, where);
  const keys = value.map((one) => one.key);
  assert.equal(new Set(keys).size, keys.length, `${where}: a key is there twice`);
};
const resource = message({ attributes, droppedAttributesCount: u32 });
const scope = message({ name: string, version: string, attributes, droppedAttributesCount: u32 });
const event = message({ timeUnixNano: u64, name: string, attributes, droppedAttributesCount: u32 }, ["timeUnixNano", "name"]);
const span = message({
  traceId: id(32), spanId: id(16), traceState: string, parentSpanId: id(16), flags: u32, name: string, kind: oneOf(1, 2, 3, 4, 5), startTimeUnixNano: u64, endTimeUnixNano: u64,
  attributes, droppedAttributesCount: u32, events: list(event), droppedEventsCount: u32, droppedLinksCount: u32, status: message({ code: oneOf(0, 1, 2), message: string }),
}, ["traceId", "spanId", "name", "kind", "startTimeUnixNano", "endTimeUnixNano"]);
const logRecord = message({
  timeUnixNano: u64, observedTimeUnixNano: u64, severityNumber: (v, w) => assert.ok(Number.isInteger(v) && v >= 1 && v <= 24, w), severityText: string, body: anyValue, attributes,
  droppedAttributesCount: u32, flags: u32, traceId: id(32), spanId: id(16),
}, ["observedTimeUnixNano"]);
const forms = {
  "/v1/traces": message({ resourceSpans: list(message({ resource, schemaUrl: string, scopeSpans: list(message({ scope, schemaUrl: string, spans: list(span) }, ["spans"])) }, ["resource", "scopeSpans"])) }, ["resourceSpans"]),
  "/v1/logs": message({ resourceLogs: list(message({ resource, schemaUrl: string, scopeLogs: list(message({ scope, schemaUrl: string, logRecords: list(logRecord) }, ["logRecords"])) }, ["resource", "scopeLogs"])) }, ["resourceLogs"]),
};

export const valueOf = (thing, key) => {
  const found = thing.attributes?.find((one) => one.key === key)?.value;
  return found && Object.values(found)[0];
};

// |answer|(path, count) says what a request gets: {status, headers, body}, or "hang"; undefined is 200.
export async function collector(answer = () => undefined) {
  const all = { spans: [], logs: [], requests: [], faults: [], answer };
  const server = await httpServer((request, response, body) => {
    all.requests.push({ path: request.url, headers: request.headers, at: Date.now(), size: body.length });
    const says = all.answer(request.url, all.requests.length) ?? { status: 200 };
    if (says === "hang") return;
    if (says.status === 200) {
      try {
        assert.equal(request.method, "POST");
        assert.equal(request.headers["content-type"], "application/json");
        const text = body.toString("utf8"), root = JSON.parse(text);
        forms[request.url](root, "$");
        for (const one of root.resourceSpans ?? []) for (const part of one.scopeSpans) all.spans.push(...part.spans);
        for (const one of root.resourceLogs ?? []) for (const part of one.scopeLogs) all.logs.push(...part.logRecords);
      } catch (fault) { all.faults.push(fault); }
    }
    response.writeHead(says.status, { "content-type": "application/json", ...says.headers });
    response.end(says.body ?? "{}");
  });
  all.url = server.url;
  return all;
}
