// {"case": 46, "outcome": "ok", "body": "2 1 field", "type": "typescript"}
enum Level { Low = 1, High }
namespace Inner { export const one = 1; }
class Holder { constructor(public field: string) {} }
export default { fetch(): Response { return new Response(`${Level.High} ${Inner.one} ${new Holder("field").field}`); } };
