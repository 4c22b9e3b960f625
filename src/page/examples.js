// examples: what can be tried at once. Each is whole, and says what it shows.
export const EXAMPLES = [
  { name: "Hello", language: "typescript", code: `export default {
  async fetch(request: Request): Promise<Response> {
    const name = new URL(request.url).searchParams.get("name") ?? "world";
    console.log("greeting", name);
    return new Response(\`hello \${name}\\n\`);
  },
};
` },
  { name: "JSON and env", language: "typescript", env: '{ "STAGE": "test" }', code: `interface Env { STAGE: string }

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    return Response.json({ stage: env.STAGE, method: request.method, headers: [...request.headers] });
  },
};
` },
  { name: "Streamed answer", language: "javascript", code: `export default {
  fetch() {
    let count = 0;
    const body = new ReadableStream({
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        controller.enqueue(new TextEncoder().encode(\`line \${++count}\\n\`));
        if (count === 10) controller.close();
      },
    });
    return new Response(body);
  },
};
` },
  { name: "Requests outside", language: "typescript", code: `// What may be reached is the outbound's to say: none, as Mayfly ships.
export default {
  async fetch(): Promise<Response> {
    const answers = await Promise.allSettled(["https://example.com/", "https://example.org/"].map((url) => fetch(url)));
    return Response.json(answers.map((one) => (one.status === "fulfilled" ? one.value.status : String(one.reason))));
  },
};
` },
  { name: "An error", language: "typescript", code: `function price(cart: { items: number[] }): number {
  return cart.items.reduce((sum, item) => sum + item);
}

export default {
  fetch(): Response {
    console.warn("about to fail");
    return new Response(String(price({} as any)));
  },
};
` },
  { name: "A loop without end", language: "javascript", limits: '{ "cpuMs": 50 }', code: `export default {
  fetch() {
    for (;;) {}
  },
};
` },
];
