// {"case": 46, "outcome": "exception", "code": "script.syntax", "error": "main.ts:4:1", "line": 4, "type": "typescript"}
// Decorators are no JavaScript yet: said with their place, like any other syntax error.
function mark(value: unknown, context: unknown): any { return value; }
@mark class Marked { @mark field: number = 1; }
export default { fetch(): Response { return new Response(String(new Marked().field)); } };
