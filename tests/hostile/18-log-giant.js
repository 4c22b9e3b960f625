// {"case": 18, "outcome": ["ok", "exception", "exceededMemory"], "limits": {"cpuMs": 20000, "memoryMb": 256}}
export default { fetch() { console.log("x".repeat(2 ** 28)); console.log({ a: "y".repeat(2 ** 27) }); return new Response("done"); } };
