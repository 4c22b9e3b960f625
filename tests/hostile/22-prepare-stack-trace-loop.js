// {"case": 22, "outcome": ["exception", "exceededCpu"], "limits": {"cpuMs": 300}}
Error.prepareStackTrace = () => { for (;;); };
export default { fetch() { throw new Error("thrown"); } };
