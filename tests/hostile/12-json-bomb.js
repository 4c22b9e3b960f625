// {"case": 12, "outcome": ["exceededMemory", "exceededCpu", "exception"], "limits": {"memoryMb": 64, "cpuMs": 5000}}
export default { fetch() { return new Response(String(JSON.parse("[" + "{},".repeat(2e7) + "{}]").length)); } };
