import assert from "node:assert/strict";
import JSZip from "jszip";
import { worker } from "./cases.js";

const make = () => {
  const zip = new JSZip();
  zip.file("hello.txt", "Hello \u20ac\n".repeat(100), { comment: "c", date: new Date(Date.UTC(2026, 0, 2, 3, 4, 6)) });
  zip.folder("dir").file("bytes.bin", new Uint8Array([0, 1, 254, 255])).file("deep/\u00fc.json", JSON.stringify({ a: 1 }));
  return zip;
};

export default worker({
  "writes and reads back, deflated": async () => {
    const bytes = await make().generateAsync({ type: "uint8array", compression: "DEFLATE", compressionOptions: { level: 9 } });
    assert.ok(bytes.length < 800, String(bytes.length));
    assert.equal(String.fromCharCode(...bytes.subarray(0, 4)), "PK\u0003\u0004");
    const zip = await JSZip.loadAsync(bytes, { checkCRC32: true });
    assert.deepEqual(Object.keys(zip.files).sort(), ["dir/", "dir/bytes.bin", "dir/deep/", "dir/deep/\u00fc.json", "hello.txt"]);
    assert.equal(await zip.file("hello.txt").async("string"), "Hello \u20ac\n".repeat(100));
    assert.deepEqual([...await zip.file("dir/bytes.bin").async("uint8array")], [0, 1, 254, 255]);
    assert.deepEqual([zip.file("hello.txt").date.toISOString(), zip.file("hello.txt").comment], ["2026-01-02T03:04:06.000Z", "c"]);
  },
  "Blob, ArrayBuffer, base64 and Node's Buffer": async () => {
    const blob = await make().generateAsync({ type: "blob" });
    assert.deepEqual([blob instanceof Blob, blob.type], [true, "application/zip"]);
    const text = await make().generateAsync({ type: "base64" });
    const zip = await JSZip.loadAsync(text, { base64: true });
    assert.equal(await zip.file("dir/deep/\u00fc.json").async("text"), '{"a":1}');
    assert.equal((await JSZip.loadAsync(await blob.arrayBuffer())).file(/bin$/).length, 1);
    assert.equal((await JSZip.loadAsync(blob)).file(/./).length, 3);
  },
  "progress, and an archive that is broken": async () => {
    const seen = [];
    const bytes = await make().generateAsync({ type: "uint8array", streamFiles: true }, ({ percent }) => seen.push(percent));
    assert.equal(seen.at(-1), 100);
    await assert.rejects(JSZip.loadAsync(bytes.subarray(0, bytes.length - 30)), /Can't find end of central directory|Corrupted zip/);
    const broken = bytes.slice(); broken[45] ^= 1;
    await assert.rejects(JSZip.loadAsync(broken, { checkCRC32: true }), /CRC32 mismatch|Corrupted zip/);
  },
});
