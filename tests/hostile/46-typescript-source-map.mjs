// {"case": 46, "outcome": "exception", "error": "RangeError: with a map", "line": 4, "type": "typescript", "limits": {"cpuMs": 20000, "memoryMb": 256}}
// A source map bomb: nobody reads what the source says about itself, and its errors keep their places.
const bomb = Buffer.from(JSON.stringify({ version: 3, sources: Array(1000).fill("x".repeat(1000)), mappings: ";".repeat(5e6) + "AAAA".repeat(1e5) })).toString("base64");
export const source = () => `enum Level { Low }
class A { constructor(private b: number) {} }
export default { fetch(): Response { new A(Level.Low);
  throw new RangeError("with a map"); } };
//# sourceMappingURL=data:application/json;base64,${bomb}
`;
