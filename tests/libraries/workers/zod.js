import assert from "node:assert/strict";
import { z } from "zod";
import { worker } from "./cases.js";

const User = z.object({ name: z.string().min(2), email: z.email(), age: z.number().int().positive().optional(), tags: z.array(z.string()).default([]), role: z.enum(["admin", "user"]) });

export default worker({
  "parses and fills in defaults": () => {
    assert.deepEqual(User.parse({ name: "Ada", email: "ada@example.com", role: "admin", unknown: 1 }), { name: "Ada", email: "ada@example.com", role: "admin", tags: [] });
  },
  "names each fault and its path": () => {
    const { success, error } = User.safeParse({ name: "A", email: "nope", age: -1.5, role: "root", tags: [1] });
    assert.equal(success, false);
    assert.deepEqual([...new Set(error.issues.map((issue) => issue.path.join(".")))].sort(), ["age", "email", "name", "role", "tags.0"]);
    assert.equal(error instanceof z.ZodError, true);
    assert.ok(z.prettifyError(error).includes("at email"));
  },
  "transforms, refines, and unions that are told apart": async () => {
    const Shape = z.discriminatedUnion("kind", [z.object({ kind: z.literal("circle"), r: z.number() }), z.object({ kind: z.literal("box"), w: z.number(), h: z.number() })]);
    const area = Shape.transform((shape) => shape.kind === "circle" ? Math.round(Math.PI * shape.r ** 2) : shape.w * shape.h);
    assert.deepEqual([area.parse({ kind: "circle", r: 2 }), area.parse({ kind: "box", w: 2, h: 3 })], [13, 6]);
    const even = z.coerce.number().refine(async (n) => n % 2 === 0, "odd");
    assert.equal(await even.parseAsync("4"), 4);
    await assert.rejects(even.parseAsync("5"), /odd/);
  },
  "JSON Schema": () => {
    const schema = z.toJSONSchema(User);
    assert.equal(schema.type, "object");
    assert.deepEqual(schema.required, ["name", "email", "tags", "role"]);
    assert.deepEqual(schema.properties.role.enum, ["admin", "user"]);
  },
  "recursive types, records, tuples, dates, bigints": () => {
    const Tree = z.object({ value: z.bigint(), get children() { return z.array(Tree); } });
    assert.equal(Tree.parse({ value: 1n, children: [{ value: 2n, children: [] }] }).children[0].value, 2n);
    assert.deepEqual(z.record(z.string(), z.tuple([z.date(), z.boolean()])).parse({ a: [new Date(0), true] }), { a: [new Date(0), true] });
    assert.throws(() => Tree.parse({ value: 1n, children: [{ value: 2 }] }), z.ZodError);
  },
});
