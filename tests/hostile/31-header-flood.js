// {"case": 31, "outcome": "exception", "limits": {"cpuMs": 5000}}
// More headers than a response may have: an error, not a dead executor.
export default { fetch() { const headers = new Headers(); for (let i = 0; i < 5000; i++) headers.append("n" + i, "v".repeat(100)); return new Response("", { headers }); } };
