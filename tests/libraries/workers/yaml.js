import assert from "node:assert/strict";
import YAML, { isMap, parseAllDocuments, parseDocument, visit } from "yaml";
import { worker } from "./cases.js";

const text = `# head
name: test # behind
list: [1, 0x1f, 1e\+3, ~, true, "a\\tb"]
block: |
  one
    two
folded: >-
  three
  four
base: &base { a: 1, b: 2 }
more:
  <<: *base
  b: 3
? [complex, key]
: value
when: 2026-01-31
`;

export default worker({
  "reads": () => {
    const value = YAML.parse(text, { merge: true });
    assert.deepEqual({ ...value }, { name: "test", list: [1, 31, 1000, null, true, "a\tb"], block: "one\n  two\n", folded: "three four", base: { a: 1, b: 2 }, more: { a: 1, b: 3 }, "[ complex, key ]": "value", when: "2026-01-31" });
  },
  "writes": () => {
    assert.equal(YAML.stringify({ a: ["x", { b: null }], c: "multi\nline\n", d: "yes: no", e: 1.5, f: [] }), 'a:\n  - x\n  - b: null\nc: |\n  multi\n  line\nd: "yes: no"\ne: 1.5\nf: []\n');
  },
  "keeps comments while it changes a document": () => {
    const document = parseDocument(text);
    document.setIn(["base", "a"], 10);
    document.get("list").add("new");
    const out = String(document);
    assert.match(out, /^# head\nname: test # behind\nlist: \[ *1, 0x1f, 1e\+3, ~, true, "a\\tb", new *\]\n/);
    assert.match(out, /base: &base *\{ a: 10, b: 2 \}/);
    let maps = 0;
    visit(document, { Map() { maps++; } });
    assert.deepEqual([maps, isMap(document.contents)], [3, true]);
  },
  "faults with their places; several documents; aliases that would explode": () => {
    const [error] = parseDocument("a: [1, 2\nb: 3").errors;
    assert.equal(error.name, "YAMLParseError");
    assert.match(error.message, /at line 2, column 1/);
    assert.deepEqual(parseAllDocuments("a: 1\n---\n- b\n...\n---\nc").map((document) => document.toJS()), [{ a: 1 }, ["b"], "c"]);
    const bomb = Array.from({ length: 9 }, (_, i) => `l${i}: &l${i} [${Array(9).fill(i === 0 ? "x" : `*l${i - 1}`).join(", ")}]`).join("\n");
    assert.throws(() => YAML.parse(bomb), /Excessive alias count/);
  },
});
