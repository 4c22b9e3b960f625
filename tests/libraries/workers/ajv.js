import assert from "node:assert/strict";
import Ajv from "ajv";
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { worker } from "./cases.js";
import { order, tree } from "standalone:schemas"; // the functions that Ajv made of schemas.js when this was bundled
import schemas from "./schemas.mjs";

// The top level may make code from strings, as on Cloudflare.
const ajv = addFormats(new Ajv({ allErrors: true, useDefaults: true }));
const atStart = ajv.compile(schemas[0]);
const tuples = new Ajv2020().compile({ type: "array", prefixItems: [{ type: "number" }, { type: "string" }], items: false, unevaluatedItems: false });

const good = { id: "2f1b9a1e-6c58-4d5c-9c4e-3e2c5f6a7b80", email: "a@b.example", lines: [{ sku: "A-1", count: 2 }], when: "2026-01-31T00:00:00Z" };

function faults(validate, value) {
  assert.equal(validate(value), false);
  return validate.errors.map(({ instancePath, keyword }) => `${instancePath} ${keyword}`).sort();
}

export default worker({
  "schemas that were compiled when the worker was bundled": () => {
    const value = structuredClone(good);
    assert.equal(order(value), true, JSON.stringify(order.errors));
    assert.equal(value.lines[0].gift, false);
    assert.deepEqual(faults(order, { ...good, email: "no", lines: [{ sku: "a", count: 1.5 }], more: 1 }), [" additionalProperties", "/email format", "/lines/0/count type", "/lines/0/sku pattern"]);
    assert.deepEqual(faults(order, { ...good, lines: [good.lines[0], { ...good.lines[0] }] }), ["/lines uniqueItems"]);
  },
  "a schema that refers to itself": () => {
    assert.equal(tree({ value: 1, children: [{ value: 2, children: [] }] }), true);
    assert.deepEqual(faults(tree, { value: 1, children: [{ value: "2", children: [] }] }), ["/children/0/value type"]);
  },
  "schemas that are compiled at the top level": () => {
    assert.equal(atStart(structuredClone(good)), true);
    assert.deepEqual(faults(atStart, { id: "x" }), [" required", " required", " required", "/id format"]);
    assert.deepEqual([tuples([1, "a"]), tuples([1, "a", 2]), tuples(["a"])], [true, false, false]);
    assert.match(ajv.errorsText(atStart.errors), /must have required property 'email'/);
  },
  "a handler makes no code from strings": () => {
    assert.throws(() => new Ajv().compile({ type: "string" }), EvalError);
  },
});
