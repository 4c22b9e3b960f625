// {"case": 16, "outcome": "exception", "code": "script.hang", "error": "had hung and would never generate a response", "wallWithin": 15000}
export default { fetch() { return new Promise(() => {}); } };
