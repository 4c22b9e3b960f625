// {"case": 23, "outcome": "exception", "error": "."}
export default { fetch() { throw new Proxy({}, { get() { throw new Error("trap"); }, getPrototypeOf() { throw new Error("trap"); }, has() { throw 1; }, ownKeys() { throw 2; } }); } };
