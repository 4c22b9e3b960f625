// {"case": 27, "outcome": "ok", "body": "7 refused"}
export default {
  async fetch() {
    let refused = 0;
    for (const name of ["node:fs", "file:///etc/passwd", "data:text/javascript,export default 1", "http://example.com/a.js", "../../../etc/passwd", "/etc/passwd", "mayfly:ops.js"]) {
      try { await import(name); } catch { refused++; }
    }
    return new Response(`${refused} refused`);
  },
};
