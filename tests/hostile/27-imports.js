// {"case": 27, "outcome": "ok", "body": "8 refused"}
export default {
  async fetch() {
    let refused = 0;
    for (const name of ["node:secrets", "file:///etc/passwd", "data:text/javascript,export default 1", "http://example.com/a.js", "../../../etc/passwd", "/etc/passwd", "mayfly:ops.js"]) {
      try { await import(name); } catch { refused++; }
    }
    try { (await import("node:fs")).readFileSync("/etc/passwd"); } catch { refused++; }
    return new Response(`${refused} refused`);
  },
};
