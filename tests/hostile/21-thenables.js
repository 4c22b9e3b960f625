// {"case": 21, "outcome": "exceededCpu", "limits": {"cpuMs": 200}}
export default { fetch() { return { get then() { while (1); } }; } };
