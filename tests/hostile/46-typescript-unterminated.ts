// {"case": 46, "outcome": "exception", "code": "script.syntax", "line": 3, "type": "typescript"}
const a: string = "ok";
const b: string = `never ends
export default { fetch() { return new Response(a); } };
