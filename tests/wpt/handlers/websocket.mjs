// websocket.mjs - the handlers of websockets/: /name is websockets/handlers/name_wsh.py. Each is called as handle(session); what it
// leaves open is closed after it.
import { acceptOf, closeFrame } from "../websocket.mjs";

const GOODBYE = "Goodbye";
const QUERY = (session) => session.request.target.split(/\?(.*)/s)[1] ?? "";

// Messages until the client closes or says goodbye.
async function each(session, take = () => {}) {
  for (let message = await session.receive(); message !== null; message = await session.receive()) {
    await take(message);
    if (message === GOODBYE) return;
  }
}

// Accepts, sends what |text| makes of the session, and closes.
const tell = (text) => async (session) => {
  await session.accept();
  await session.send(text(session));
};

const accepting = (options) => async (session) => {
  await session.accept(options(session));
};

const cookie = (more) => async (session) => {
  await session.accept({ headers: [["Set-Cookie", `ws_test_${QUERY(session)}=test; Path=/${more}`]] });
  await session.receive();
};

export default {
  async echo(session) {
    await session.accept({ protocol: session.protocols.includes("echo") ? "echo" : undefined });
    await each(session, (message) => session.send(message));
  },
  async echo_exit(session) {
    await session.accept();
    await each(session);
  },
  async echo_close_data(session) {
    await session.accept();
    await each(session);
  },
  async echo_raw(session) {
    await session.accept();
    await each(session, (message) => (message === "exit" ? session.close(1000) : session.raw(message)));
  },
  "echo-query": tell(QUERY),
  "echo-query_v13": tell(QUERY),
  "echo-cookie": tell((session) => session.request.header("cookie", "(none)")),
  origin: tell((session) => session.request.header("origin", "")),
  referrer: tell((session) => session.request.header("referer", "MISSING AS PER FETCH")),
  async "empty-message"(session) {
    await session.accept();
    await session.send((await session.receive()) === "" ? "pass" : "fail");
  },
  async protocol(session) {
    const protocol = session.request.header("sec-websocket-protocol");
    await session.accept({ protocol });
    await session.send(protocol);
  },
  async protocol_array(session) {
    await session.accept({ protocol: session.protocols[0] });
    await session.send(session.protocols[0]);
  },
  handshake_no_extensions: accepting(() => ({})),
  handshake_no_protocol: accepting(() => ({})),
  handshake_protocol: accepting(() => ({ protocol: "foobar" })),
  wrong_accept_key: accepting(() => ({ key: "thisisawrongacceptkey" })),
  async handshake_sleep_2(session) {
    await session.sleep(2000);
    await session.accept();
  },
  async sleep_10_v13(session) {
    await session.sleep(10_000);
    await session.accept();
    await each(session, (message) => session.send(message));
  },
  async "delayed-passive-close"(session) {
    await session.accept();
    await session.receive();
    await session.sleep(1000);
  },
  async invalid(session) {
    await session.raw("FOO BAR BAZ\r\n\r\n");
  },
  async basic_auth(session) {
    if (session.request.header("authorization") === `Basic ${btoa("foo:bar")}`) return session.accept();
    return session.raw('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nWWW-Authenticate: Basic realm="camelot"\r\nConnection: close\r\n\r\n');
  },
  // The head and the close in one piece.
  async simple_handshake(session) {
    const key = acceptOf(session.request.header("sec-websocket-key", ""));
    await session.raw(Buffer.concat([Buffer.from(`HTTP/1.1 101 Switching Protocols:\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Accept: ${key}\r\n\r\n`), closeFrame(1001, "PASS")]));
    await session.receive();
  },
  async "receive-backpressure"(session) {
    await session.accept();
    await session.sleep(2000);
    await session.receive();
  },
  async "receive-many-with-backpressure"(session) {
    await session.accept();
    for (let message = await session.receive(); message !== null; message = await session.receive()) {
      await session.send(`${message.length}`);
      await session.sleep(100);
    }
  },
  async "send-backpressure"(session) {
    await session.accept();
    await session.send(Buffer.alloc(0));
    const start = performance.now();
    for (let i = 0; i < 16; i++) await session.send(Buffer.alloc(1 << 20, " "));
    await session.send(`${(performance.now() - start) / 1000}`);
  },
  "set-cookie": cookie(""),
  "set-cookie-secure": cookie("; Secure"),
  "set-cookie_http": cookie("; HttpOnly"),
};
