// {"case": 31, "outcome": ["ok", "exceededMemory", "exceededCpu"], "limits": {"cpuMs": 5000, "memoryMb": 128}}
export default {
  fetch() {
    const tries = [
      () => { const h = new Headers(); for (let i = 0; i < 1e6; i++) h.append("n" + i, "v"); return new Response("", { headers: h }); },
      () => new Headers({ a: "x".repeat(1 << 26) }), () => new URL("http://a/" + "\ud800".repeat(1e6)), () => new URLSearchParams("a=b&".repeat(1e6)),
      () => new TextDecoder().decode(new Uint8Array(1 << 26)), () => new TextEncoder().encode("\udc00".repeat(1e6)), () => new Headers([["a\r\nb", "c"]]),
      () => btoa("\u0100"), () => atob("=".repeat(1e6)), () => new Response("", { headers: { a: "\u0000" } }), () => new Response("", { statusText: "a\r\nb" }),
    ];
    for (const f of tries) { try { f(); } catch { /* an error is fine, a crash is not */ } }
    return new Response("done");
  },
};
