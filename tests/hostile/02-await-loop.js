// {"case": 2, "outcome": "exceededCpu", "limits": {"cpuMs": 200}}
export default { async fetch() { while (true) await null; } };
