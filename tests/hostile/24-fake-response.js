// {"case": 24, "outcome": "exception"}
export default { fetch() { return Object.setPrototypeOf({ status: 200, headers: new Headers(), body: null }, Response.prototype); } };
