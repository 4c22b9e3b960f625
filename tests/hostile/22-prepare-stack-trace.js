// {"case": 22, "outcome": "exception", "limits": {"cpuMs": 1000}}
Error.prepareStackTrace = (error, sites) => { throw sites; };
export default { fetch() { const e = new Error("thrown"); e.name = Symbol("name"); e.message = { toString() { throw 1; } }; throw e; } };
