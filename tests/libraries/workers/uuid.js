import assert from "node:assert/strict";
import { NIL, parse, stringify, v1, v3, v4, v5, v6, v7, validate, version } from "uuid";
import { worker } from "./cases.js";

export default worker({
  "each version says which it is, and is new each time": () => {
    for (const [make, number] of [[v1, 1], [v4, 4], [v6, 6], [v7, 7]]) {
      const made = new Set(Array.from({ length: 200 }, () => make()));
      assert.equal(made.size, 200, `v${number}`);
      for (const id of made) assert.deepEqual([validate(id), version(id)], [true, number]);
    }
  },
  "names, as RFC 9562 has them": () => {
    assert.equal(v5("www.example.com", v5.DNS), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
    assert.equal(v3("www.example.com", v3.DNS), "5df41881-3aed-3515-88a7-2f4a814cf09e");
  },
  "bytes and back; v7 sorts by time": () => {
    const id = v4();
    assert.equal(stringify(parse(id)), id);
    assert.equal(validate("not one"), false);
    assert.equal(parse(NIL).every((byte) => byte === 0), true);
    const ids = [1, 2, 3].map((n) => v7({ msecs: n * 1000 }));
    assert.deepEqual([...ids].sort(), ids);
    assert.deepEqual(v4({ random: new Uint8Array(16).fill(255) }), "ffffffff-ffff-4fff-bfff-ffffffffffff");
  },
});
