// What ajv.js validates with.
export default [
  {
    $id: "order", type: "object", required: ["id", "email", "lines", "when"], additionalProperties: false,
    properties: {
      id: { type: "string", format: "uuid" }, email: { type: "string", format: "email" }, when: { type: "string", format: "date-time" },
      lines: { type: "array", minItems: 1, uniqueItems: true, items: { type: "object", required: ["sku", "count"], properties: { sku: { type: "string", pattern: "^[A-Z]-\\d+$" }, count: { type: "integer", minimum: 1 }, gift: { type: "boolean", default: false } } } },
    },
  },
  { $id: "tree", type: "object", required: ["value", "children"], properties: { value: { type: "number" }, children: { type: "array", items: { $ref: "tree" } } } },
];
