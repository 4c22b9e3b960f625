// {"case": 6, "outcome": ["exceededMemory", "exception"], "limits": {"cpuMs": 10000, "memoryMb": 64}}
export default { fetch() { return new Response(String([..."." .repeat(5e8)].length)); } };
