// {"case": 46, "outcome": "ok", "body": "bom", "type": "typescript"}
export const source = () => "\ufeffexport default { fetch(): Response { return new Response('bom' as string); } };";
