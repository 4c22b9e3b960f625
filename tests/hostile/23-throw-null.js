// {"case": 23, "outcome": "exception", "error": "null"}
export default { fetch() { throw null; } };
