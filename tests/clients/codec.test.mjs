// codec.test.mjs - clients/js's codec: what goes in comes out, what cannot cross says so, and no data is taken for a tag.
import { test, before } from "node:test";
import assert from "node:assert/strict";
import { loadClient } from "./npm.mjs";

let encode, decode, CodecError;
before(async () => ({ encode, decode, CodecError } = await loadClient("index.js")));

const through = (value) => decode(JSON.parse(encode(value)));

test("values that come out as they went in", () => {
  const values = [
    null, true, 0, -0, NaN, Infinity, -Infinity, 1e300, "", "ä\u2028\ud800", undefined, 0n, -(2n ** 70n), [], {}, [undefined, null],
    new Date(0), /a\/b/giu, new Map([["a", 1], [{ k: new Map() }, new Set([1n, new Date(5)])]]), new Set(), new Map(),
    new Uint8Array([0, 255]), new Uint8Array(100_000).fill(7), new Uint8Array([1, 2, 3]).buffer, { deep: [{ bytes: new Uint8Array([1]) }] },
    JSON.parse('{"__proto__":{"x":1},"constructor":2}'),
  ];
  for (const value of values) assert.deepEqual(through(value), value);
  assert.deepEqual(through([new Date(NaN), { a: undefined, b: 1 }]), [null, { b: 1 }]);
  assert.equal(Object.getPrototypeOf(through(JSON.parse('{"__proto__":{"x":1}}'))), Object.prototype);
});

test("errors: kind, name and message; the stack names our files to nobody", () => {
  const back = through(new TypeError("m"));
  assert.deepEqual([back instanceof TypeError, back.message], [true, "m"]);
  assert.doesNotMatch(encode(new TypeError("m")), /codec|file:|stack/);
  class Own extends Error { name = "Own"; }
  assert.deepEqual([through(new Own("x")).name, through(new Own("x")) instanceof Error], ["Own", true]);
  assert.equal(through(Object.assign(new Error("x"), { name: "constructor" })).name, "constructor");
});

test("data that looks like a tag stays data", () => {
  const forged = [
    { __mayfly_v1__: "bigint", value: "1" }, { __mayfly_v1__: "undefined" }, { __codemode_binary_v1__: "Uint8Array", data: "AQID" }, { __mayfly_v1__: "object", value: { a: 1 } },
    { __mayfly_v1__: { __mayfly_v1__: "Map", value: [] }, more: 1 }, { __codemode_binary_v1__: 1 }, { __mayfly_v1__: new Date(1) },
  ];
  for (const value of forged) {
    assert.deepEqual(through(value), value);
    assert.deepEqual(through([{ value }]), [{ value }]);
    assert.deepEqual(through(through(value)), value);
  }
});

test("views send what they show; a Buffer is bytes and not its toJSON", () => {
  const bytes = new Uint8Array([10, 20, 30, 40]);
  assert.deepEqual(through(bytes.subarray(1, 3)), new Uint8Array([20, 30]));
  assert.deepEqual(through(Buffer.from("ab")), new Uint8Array([97, 98]));
  assert.deepEqual(through(new Uint16Array([1, 2])), new Uint8Array([1, 0, 2, 0]));
  assert.deepEqual(through(new DataView(bytes.buffer, 3)), new Uint8Array([40]));
  assert.equal(encode(new Uint8Array([1, 2, 3])), '{"__codemode_binary_v1__":"Uint8Array","data":"AQID"}');
});

test("as JSON does: toJSON, boxes, functions and symbols within, only own enumerable keys", () => {
  const asked = [];
  const value = { a: { toJSON(key) { asked.push(key); return { b: 1n, toJSON: () => "again" }; } }, f() {}, s: Symbol("x"), list: [() => 1, Symbol("x")], box: [Object(1), Object("s"), Object(false), Object(2n)] };
  assert.deepEqual(through(value), { a: { b: 1n }, list: [null, null], box: [1, "s", false, 2n] });
  assert.deepEqual(asked, ["a"]);
  assert.deepEqual(through(Object.create({ inherited: 1 }, { hidden: { value: 1 }, own: { value: 2, enumerable: true } })), { own: 2 });
  const self = { x: 1, toJSON() { return this; } };
  assert.deepEqual(through(self), { x: 1 });
  assert.equal(through(new URL("http://a/b")), "http://a/b");
  const shared = { a: 1 };
  assert.deepEqual(through([shared, shared]), [shared, shared]);
});

test("what cannot cross says what and where", () => {
  const cycle = { list: [{}] };
  cycle.list[0].again = cycle;
  const deep = (n) => { let value = {}; for (let i = 1; i < n; i++) value = { value }; return value; };
  for (const [value, pattern] of [
    [cycle, /contains itself cannot be sent: at value\.list\[0\]\.again/], [() => 1, /^A function cannot be sent$/], [Symbol("x"), /A symbol/], [{ a: Promise.resolve() }, /A promise cannot be sent: at value\.a/],
    [new ReadableStream(), /A stream/], [deep(1000), /nested this deeply/],
  ]) assert.throws(() => encode(value), (error) => error instanceof CodecError && pattern.test(error.message), String(pattern));
  assert.deepEqual(through(deep(250)), deep(250));
  const map = new Map(); map.set(map, 1);
  assert.throws(() => encode(map), CodecError);
});

test("what was not encoded here is refused, whatever it says", () => {
  const tag = (kind, value) => ({ __mayfly_v1__: kind, value });
  for (const json of [
    tag("what"), tag("bigint", "1e5"), tag("bigint", 1), tag("bigint", ""), tag("number", "1"), tag("number", "constructor"), tag("Date", 5), tag("Map", [[1]]), tag("Map", {}), tag("Set", null), tag("RegExp", "/(/"),
    tag("RegExp", "a"), tag("RegExp", { source: "a", flags: "" }), tag("Error", null), tag("Error", { name: "x" }), tag("object", [1]), tag("object"), { __mayfly_v1__: 1 }, { __codemode_binary_v1__: "Uint8Array", data: "*" }, { __codemode_binary_v1__: "Uint8Array" }, { __codemode_binary_v1__: "x", data: "" },
    JSON.parse("[".repeat(2000) + "]".repeat(2000)), tag("Error", "x"),
  ]) assert.throws(() => decode(json), CodecError, JSON.stringify(json).slice(0, 200));
  decode(JSON.parse("[".repeat(1500) + "]".repeat(1500)));
  assert.deepEqual(decode({ __mayfly_v1__: "bigint", value: "1", more: 1 }), { __mayfly_v1__: "bigint", value: "1", more: 1 });
  assert.deepEqual(decode({ __codemode_binary_v1__: "ArrayBufferView", data: "AQ==" }), new Uint8Array([1]));
});
