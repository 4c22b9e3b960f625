// {"case": 19, "outcome": ["exception", "exceededMemory"], "limits": {"responseBytes": 1000000, "memoryMb": 256}}
export default { fetch() { return new Response("x".repeat(2 ** 28)); } };
