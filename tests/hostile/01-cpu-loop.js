// {"case": 1, "outcome": "exceededCpu", "limits": {"cpuMs": 200}, "cpuWithin": 1.2}
export default { fetch() { for (;;); } };
