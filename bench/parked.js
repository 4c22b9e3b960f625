// A worker that has answered its head and a first byte, and then waits: UNIQUE.
export default {
  async fetch(request, env, ctx) {
    const { readable, writable } = new TransformStream();
    const writer = writable.getWriter();
    const finish = async () => {
      await writer.write(new TextEncoder().encode("."));
      await new Promise((resolve) => setTimeout(resolve, PARK_MS));
      await writer.close();
    };
    ctx.waitUntil(finish());
    return new Response(readable);
  },
};
