// {"case": 5, "outcome": ["exceededMemory", "exceededCpu", "exception"], "limits": {"cpuMs": 5000, "memoryMb": 64}}
export default { fetch() { const all = []; for (;;) all.push(("x".repeat(2 ** 24) + all.length).replace("x", "y").split("").join("-")); } };
