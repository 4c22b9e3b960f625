// {"case": 46, "outcome": "ok", "body": "10", "type": "typescript", "limits": {"cpuMs": 60000, "memoryMb": 256}}
// A generator: the source of this case is too large to stand in a file.
export const source = () => "const pad: string[] = [" + `${JSON.stringify("x".repeat(100))} as string,\n`.repeat(100000) + "];\n" + 'export default { fetch(request: Request): Response { return new Response(String(pad.length / 10000)); } };';
