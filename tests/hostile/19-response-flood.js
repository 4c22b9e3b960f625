// {"case": 19, "outcome": "exception", "code": "limit.response", "limits": {"responseBytes": 1000000, "cpuMs": 20000}}
export default { fetch() { const chunk = new Uint8Array(65536); return new Response(new ReadableStream({ pull(c) { c.enqueue(chunk.slice()); } })); } };
