// {"case": 4, "outcome": "exceededCpu", "limits": {"cpuMs": 200}}
export default { fetch() { return new Response(String(/(a+)+$/.test("a".repeat(40) + "!"))); } };
