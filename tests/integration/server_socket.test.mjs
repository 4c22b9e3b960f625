// WebSockets of the net room through mf-test-server: from undici, which is another's client, and from raw bytes that no client sends.
import { test, describe, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { spawn, execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import tls from 'node:tls';

const program = path.join(process.env.MF_TEST_DIR, 'mf-test-server');
const { WebSocket, Agent } = createRequire(path.join(process.env.MF_CLIENT_NPM ?? path.resolve('build/deps/npm-clients/node_modules'), 'tests.js'))('undici');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mf-socket-'));
const key = 'dGhlIHNhbXBsZSBub25jZQ==';
const asks = (target = '/socket', more = '') =>
    `GET ${target} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n${more}\r\n`;

class Server {
    static async start(args = []) {
        const server = new Server();
        server.child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
        server.stdout = '';
        server.exited = once(server.child, 'close');
        const ready = new Promise((resolve) => server.child.stdout.on('data', (data) => {
            server.stdout += data;
            if (server.stdout.includes('\n')) resolve();
        }));
        await Promise.race([ready, server.exited]);
        Object.assign(server, JSON.parse(server.stdout.split('\n')[0]));
        return server;
    }

    // Drains; the program itself fails when a handle or (under ASan) memory was forgotten.
    async stop() {
        this.child.kill('SIGTERM');
        const [code, signal] = await this.exited;
        assert.deepEqual([code, signal], [0, null]);
        return JSON.parse(this.stdout.split('\n')[1]);
    }

    stats() {
        return new Promise((resolve, reject) => http.get({ port: this.tcp, host: '127.0.0.1', path: '/stats', agent: false }, async (response) => {
            let text = '';
            for await (const piece of response) text += piece;
            resolve(JSON.parse(text));
        }).on('error', reject));
    }

    // Waits for an event inside the server.
    async until(condition) {
        for (let i = 0; i < 400; i++) {
            const stats = await this.stats();
            if (condition(stats)) return stats;
            await new Promise((resolve) => setTimeout(resolve, 25));
        }
        assert.fail(`never: ${condition}`);
    }
}

// ---- raw bytes -----------------------------------------------------------------------------------

// A frame as a client sends it. |length| lies about the payload's.
function frame(first, payload = '', { masked = true, length } = {}) {
    const bytes = Buffer.from(payload);
    const size = BigInt(length ?? bytes.length);
    const digits = size < 126n ? 0 : size < 65536n ? 2 : 8;
    const head = Buffer.alloc(2 + digits);
    head[0] = first;
    head[1] = (masked ? 0x80 : 0) | (digits === 0 ? Number(size) : digits === 2 ? 126 : 127);
    for (let i = 0; i < digits; i++) head[2 + i] = Number((size >> BigInt(8 * (digits - 1 - i))) & 255n);
    if (!masked) return Buffer.concat([head, bytes]);
    const mask = randomBytes(4);
    return Buffer.concat([head, mask, bytes.map((byte, i) => byte ^ mask[i % 4])]);
}

const TEXT = 0x81, CLOSE = 0x88, PING = 0x89, PONG = 0x8a;

class Raw {
    static async open(options, { target, upgrade = true, secure = false, more } = {}) {
        const raw = new Raw();
        raw.bytes = Buffer.alloc(0);
        raw.waiters = [];
        raw.socket = secure ? tls.connect({ rejectUnauthorized: false, ...options }) : net.connect(options);
        const wake = () => raw.waiters.splice(0).forEach((waiter) => waiter());
        raw.socket.on('data', (data) => { raw.bytes = Buffer.concat([raw.bytes, data]); wake(); });
        raw.socket.on('error', (error) => { raw.error = error; wake(); });
        raw.socket.on('close', () => { raw.ended = true; wake(); });
        await once(raw.socket, secure ? 'secureConnect' : 'connect');
        if (upgrade) {
            raw.write(asks(target, more));
            assert.match(await raw.head(), /^HTTP\/1\.1 101 /);
        }
        return raw;
    }

    write(bytes) {
        this.socket.write(bytes);
        return this;
    }

    async until(condition) {
        while (!condition() && !this.ended) await new Promise((resolve) => this.waiters.push(resolve));
    }

    async head() {
        await this.until(() => this.bytes.includes('\r\n\r\n'));
        const end = this.bytes.indexOf('\r\n\r\n') + 4;
        const text = this.bytes.subarray(0, end).toString('latin1');
        this.bytes = this.bytes.subarray(end);
        return text;
    }

    // [first byte, payload], or undefined at the end.
    async frame() {
        const size = () => {
            if (this.bytes.length < 2) return Infinity;
            const short = this.bytes[1];
            assert.ok(short < 128, 'a server does not mask');
            if (short < 126) return 2 + short;
            const digits = short === 126 ? 2 : 8;
            return this.bytes.length < 2 + digits ? Infinity : 2 + digits + Number(digits === 2 ? this.bytes.readUInt16BE(2) : this.bytes.readBigUInt64BE(2));
        };
        await this.until(() => this.bytes.length >= size());
        const whole = size();
        if (this.bytes.length < whole) return undefined;
        const at = this.bytes[1] < 126 ? 2 : this.bytes[1] === 126 ? 4 : 10;
        const found = [this.bytes[0], this.bytes.subarray(at, whole)];
        this.bytes = this.bytes.subarray(whole);
        return found;
    }

    async text() {
        const [first, payload] = await this.frame();
        assert.equal(first, TEXT);
        return payload.toString();
    }

    // The Close frame that comes next, its code, and the end of the connection without a reset.
    async closed() {
        const found = await this.frame();
        assert.equal(found?.[0], CLOSE, `${found}`);
        await this.until(() => false);
        assert.equal(this.error, undefined);
        return found[1].length === 0 ? 1005 : found[1].readUInt16BE(0);
    }
}

// ---- undici ----------------------------------------------------------------------------------------

async function open(url, options) {
    const socket = new WebSocket(url, options);
    socket.binaryType = 'arraybuffer';
    const received = [], waiters = [];
    socket.addEventListener('message', ({ data }) => { received.push(data); waiters.splice(0).forEach((waiter) => waiter()); });
    socket.closed = new Promise((resolve) => socket.addEventListener('close', ({ code, reason, wasClean }) => resolve({ code, reason, wasClean })));
    socket.next = async () => {
        while (received.length === 0) await new Promise((resolve) => waiters.push(resolve));
        return received.shift();
    };
    await new Promise((resolve, reject) => { socket.addEventListener('open', resolve); socket.addEventListener('error', ({ error }) => reject(error ?? new Error('refused'))); });
    return socket;
}

let server, raw;
before(async () => {
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=localhost',
        '-keyout', `${folder}/key.pem`, '-out', `${folder}/cert.pem`], { stdio: 'ignore' });
    server = await Server.start(['--unix', `${folder}/s`, '--tls', `${folder}/cert.pem`, `${folder}/key.pem`]);
    raw = (options) => Raw.open({ port: server.tcp, host: '127.0.0.1' }, options);
});
after(async () => {
    const stats = await server.stop();
    assert.deepEqual([stats.sockets, stats.connections], [0, 0]);
    fs.rmSync(folder, { recursive: true, force: true });
});

describe('the handshake', { concurrency: true }, () => {
    test('what the RFC answers to its own key; frames may come right behind the request', async () => {
        const client = await raw({ upgrade: false });
        client.write(Buffer.concat([Buffer.from(asks()), frame(TEXT, 'early')]));
        const head = await client.head();
        const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
        assert.equal(accept, 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
        assert.equal(head, `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`);
        assert.equal(await client.text(), 'early');
        client.write(frame(CLOSE));
        assert.equal(await client.closed(), 1005);
    });

    test('one that is thought about first; its frames wait', async () => {
        const client = await raw({ upgrade: false });
        client.write(Buffer.concat([Buffer.from(asks('/socket-slow')), frame(TEXT, 'early')]));
        assert.match(await client.head(), / 101 /);
        assert.equal(await client.text(), 'early');
        client.write(frame(CLOSE));
        await client.closed();
    });

    const refusals = {
        'no upgrade': ['GET /socket HTTP/1.1\r\nHost: a\r\n\r\n', 426],
        'another protocol': [asks().replace('Upgrade: websocket', 'Upgrade: h2c'), 426],
        'another version': [asks().replace('Version: 13', 'Version: 8'), 426],
        'two versions': [asks('/socket', 'Sec-WebSocket-Version: 13\r\n'), 426],
        'no key': [asks().replace(/Sec-WebSocket-Key.*\r\n/, ''), 400],
        'a short key': [asks().replace(key, 'AAAA'), 400],
        'a key that is no base64': [asks().replace(key, '!!!!!!!!!!!!!!!!!!!!!!=='), 400],
        'two keys': [asks('/socket', `Sec-WebSocket-Key: ${key}\r\n`), 400],
        'no connection: upgrade': [asks().replace('keep-alive, Upgrade', 'keep-alive'), 400],
        'POST': [asks().replace('GET', 'POST'), 400],
        'a body': [asks('/socket', 'Content-Length: 1\r\n') + 'x', 400],
        'HTTP/1.0': [asks().replace('HTTP/1.1', 'HTTP/1.0'), 400],
    };
    for (const [name, [request, status]] of Object.entries(refusals)) {
        test(`refused: ${name}`, async () => {
            const client = await raw({ upgrade: false });
            client.write(request);
            const head = await client.head();
            await client.until(() => false);
            assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} `));
            assert.equal(JSON.parse(client.bytes).code, status === 426 ? 'websocket.upgrade' : 'websocket.handshake');
            assert.deepEqual([/\r\nupgrade: websocket\r\n/.test(head), /\r\nsec-websocket-version: 13\r\n/.test(head)], [status === 426, status === 426]);
        });
    }

    test('a resource that does not speak it answers as if nobody had asked', async () => {
        const client = await raw({ upgrade: false });
        client.write(asks('/hello') + asks('/hello'));
        await client.until(() => client.bytes.toString().split('hello\n').length === 3);
        client.socket.destroy();
    });
});

describe('a real client', { concurrency: true }, () => {
    const ways = {
        tcp: () => [`ws://127.0.0.1:${server.tcp}`, {}],
        tls: () => [`wss://127.0.0.1:${server.tls}`, { connect: { rejectUnauthorized: false } }],
        unix: () => ['ws://localhost', { connect: { socketPath: `${folder}/s` } }],
    };
    for (const [way, options] of Object.entries(ways)) {
        test(`echo over ${way}: text, bytes, nothing, much; a flood that waits for its reader; both ways of closing`, async () => {
            const [url, agent] = options();
            const dispatcher = new Agent(agent);
            const socket = await open(`${url}/socket`, { dispatcher });
            for (const text of ['', 'a', 'ü€😀', 'x'.repeat(125), 'x'.repeat(126), 'y'.repeat(65536), 'z'.repeat(3000000)]) {
                socket.send(text);
                assert.ok((await socket.next()) === text, `${text.length}`);
            }
            for (const size of [0, 1, 127, 65535, 5000000]) {
                const bytes = randomBytes(size);
                socket.send(bytes);
                assert.ok(Buffer.from(await socket.next()).equals(bytes), `${size}`);
            }
            socket.send('flood 20000000');
            for (let got = 0; got < 20000000;) got += (await socket.next()).byteLength;
            socket.close(4000, 'enough');
            assert.deepEqual(await socket.closed, { code: 4000, reason: '', wasClean: true });
            const other = await open(`${url}/socket`, { dispatcher });
            other.send('close 4001 because');
            assert.deepEqual(await other.closed, { code: 4001, reason: 'because', wasClean: true });
            await dispatcher.close();
        });
    }

    test('messages while it rests wait, in order', async () => {
        const socket = await open(`ws://127.0.0.1:${server.tcp}/socket`);
        socket.send('pause 50');
        for (let i = 0; i < 1000; i++) socket.send(`${i}`.padEnd(1000));
        for (let i = 0; i < 1000; i++) assert.equal((await socket.next()).trim(), `${i}`);
        socket.close();
        await socket.closed;
    });
});

describe('frames that no client sends', { concurrency: true }, () => {
    const cases = {
        'unmasked': [frame(TEXT, 'Hello', { masked: false }), 1002],
        'a reserved bit': [frame(0xc1, 'Hello'), 1002],
        'a reserved opcode': [frame(0x83), 1002],
        'a fragmented ping': [frame(0x09, 'a'), 1002],
        'a long ping': [frame(PING, 'a'.repeat(126)), 1002],
        'a continuation of nothing': [frame(0x80, 'a'), 1002],
        'a length of 2^63': [frame(TEXT, '', { length: 2n ** 63n }), 1002],
        'a length of 2^63 - 1': [frame(TEXT, '', { length: 2n ** 63n - 1n }), 1009],
        'a byte more than the limit': [frame(TEXT, '', { length: 1001 }), 1009],
        'text that is no UTF-8': [frame(TEXT, Buffer.from([0xff])), 1007],
        'half a code': [frame(CLOSE, 'x'), 1002],
        'a code that nobody may send': [frame(CLOSE, Buffer.from([0x03, 0xee])), 1002],
        'endless empty fragments': [Buffer.concat([frame(0x01), ...Array.from({ length: 1001 }, () => frame(0x00))]), 1002],
        'endless fragments': [Buffer.concat([frame(0x01, 'a'), ...Array.from({ length: 1001 }, () => frame(0x00, 'a'))]), 1009],
        'HTTP': [Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'), 1002],
    };
    for (const [name, [bytes, code]] of Object.entries(cases)) {
        test(`${name}: ${code}, and what follows is not read`, async () => {
            const client = await raw({ target: '/socket?max=1000' });
            client.write(frame(TEXT, 'before')).write(bytes).write(frame(TEXT, 'behind'));
            assert.equal(await client.text(), 'before');
            assert.equal(await client.closed(), code);
        });
    }

    test('the same byte by byte over TLS', async () => {
        const client = await Raw.open({ port: server.tls, host: '127.0.0.1' }, { secure: true });
        for (const byte of Buffer.concat([frame(0x01, 'slow'), frame(PING, 'p'), frame(0x80, 'ly'), frame(0xc1, 'x')])) client.write(Buffer.from([byte]));
        assert.deepEqual(await client.frame(), [PONG, Buffer.from('p')]);
        assert.equal(await client.text(), 'slowly');
        assert.equal(await client.closed(), 1002);
    });

    test('a connection that is cut amid a frame: its owner hears of it', async () => {
        const one = await Server.start();
        const client = await Raw.open({ port: one.tcp, host: '127.0.0.1' });
        client.write(frame(TEXT, 'abc', { length: 100 }));
        await one.until((stats) => stats.sockets === 1);
        client.socket.destroy();
        await one.until((stats) => stats.sockets === 0 && stats.lastClose === 1006);
        await one.stop();
    });

    test('our Close frame is not waited for longer than it may take', async () => {
        const client = await raw();
        client.write(frame(TEXT, 'close 4002 x'));
        assert.equal(await client.closed(), 4002); // It says nothing, and the server ends it.
    });

    test('behind our Close frame pings are not answered and messages are dropped', async () => {
        const client = await raw();
        client.write(Buffer.concat([frame(TEXT, 'close 4003'), frame(TEXT, 'more'), frame(PING, 'p'), frame(CLOSE, Buffer.from([0x03, 0xe8]))]));
        assert.equal(await client.closed(), 4003);
    });

    test('a flood of pings from a client that reads nothing costs one pong of memory, and it is alive afterwards', async () => {
        const client = await raw();
        client.socket.pause();
        client.write(frame(TEXT, 'flood 8000000'));
        await server.until((stats) => stats.sockets > 0);
        const before = (await server.stats()).rssKb;
        const ping = frame(PING, 'x'.repeat(125)), many = Buffer.concat(Array.from({ length: 1000 }, () => ping));
        for (let i = 0; i < 100; i++) if (!client.socket.write(many)) await once(client.socket, 'drain');
        assert.ok((await server.stats()).rssKb - before < (process.env.ASAN_OPTIONS ? 64000 : 8000));
        client.socket.resume();
        client.write(frame(TEXT, 'still here'));
        const seen = new Set();
        while (!seen.has(TEXT) || !seen.has(PONG)) seen.add((await client.frame())[0]); // Only the last one must be answered.
        client.write(frame(CLOSE));
        while ((await client.frame())[0] !== CLOSE);
    });

    test('who lets more pile up than its owner allows is cut, not stored', async () => {
        const one = await Server.start();
        const client = await Raw.open({ port: one.tcp, host: '127.0.0.1' }, { target: '/socket?queue=1000000' });
        client.socket.pause();
        client.write(frame(TEXT, `push 1000000000 ${'x'.repeat(1000)}`));
        await one.until((stats) => stats.lastClose === 1006);
        client.socket.destroy();
        await one.stop();
    });

    test('an announced gigabyte takes no memory', async () => {
        const before = (await server.stats()).rssKb;
        const clients = await Promise.all(Array.from({ length: 50 }, () => raw({ target: '/socket?max=1073741824' })));
        for (const client of clients) client.write(frame(0x82, 'abc', { length: 1 << 30 }));
        await server.until((stats) => stats.sockets >= 50);
        assert.ok((await server.stats()).rssKb - before < (process.env.ASAN_OPTIONS ? 64000 : 8000));
        for (const client of clients) client.socket.destroy();
    });
});

describe('time', { concurrency: true }, () => {
    let quick;
    before(async () => { quick = await Server.start(['--ping-ms', '150', '--body-ms', '300', '--write-ms', '300']); });
    after(async () => { assert.equal((await quick.stop()).sockets, 0); });
    const connect = (options) => Raw.open({ port: quick.tcp, host: '127.0.0.1' }, options);

    test('who says nothing is asked, and stays as long as it answers', async () => {
        const client = await connect();
        for (let i = 0; i < 3; i++) {
            assert.deepEqual(await client.frame(), [PING, Buffer.alloc(0)]);
            client.write(frame(PONG));
        }
        client.write(frame(TEXT, 'here'));
        assert.equal(await client.text(), 'here');
        client.write(frame(CLOSE));
        await client.closed();
    });

    test('who does not answer is gone', async () => {
        const client = await connect();
        assert.deepEqual(await client.frame(), [PING, Buffer.alloc(0)]);
        assert.equal(await client.frame(), undefined);
        await quick.until((stats) => stats.lastClose === 1006);
    });

    test('a real client answers by itself', async () => {
        const socket = await open(`ws://127.0.0.1:${quick.tcp}/socket`);
        await new Promise((resolve) => setTimeout(resolve, 700));
        socket.send('still');
        assert.equal(await socket.next(), 'still');
        socket.close();
        assert.equal((await socket.closed).wasClean, true);
    });

    for (const [name, bytes] of Object.entries({ 'a head': [frame(TEXT, 'abc')[0]], 'a payload': frame(0x82, 'abc', { length: 100 }), 'a message': frame(0x01, 'abc') })) {
        test(`half of ${name}, and a trickle that is no progress: 1008`, async () => {
            const client = await connect();
            client.write(Buffer.from(bytes));
            const trickle = setInterval(() => client.write(name === 'a message' ? frame(PING) : name === 'a payload' ? 'x' : ''), 50);
            let found;
            while ((found = await client.frame())[0] === PONG);
            clearInterval(trickle);
            assert.deepEqual([found[0], found[1].readUInt16BE(0)], [CLOSE, 1008]);
            client.socket.destroy();
        });
    }

    test('a large message that comes slowly but comes', async () => {
        const client = await connect();
        const whole = frame(TEXT, 'm'.repeat(60000));
        for (let at = 0; at < whole.length; at += 10000) {
            client.write(whole.subarray(at, at + 10000));
            await new Promise((resolve) => setTimeout(resolve, 100));
        }
        assert.equal((await client.text()).length, 60000);
        client.write(frame(CLOSE));
        await client.closed();
    });

    test('who takes nothing of what it is sent', async () => {
        const client = await connect();
        client.socket.pause();
        client.write(frame(TEXT, 'flood 100000000'));
        await quick.until((stats) => stats.lastClose === 1006);
        client.socket.destroy();
    });
});

describe('draining', { concurrency: true }, () => {
    test('1001 at once, or when its owner is ready; nobody is let in any more', async () => {
        const one = await Server.start();
        const idle = await open(`ws://127.0.0.1:${one.tcp}/socket`);
        const busy = await open(`ws://127.0.0.1:${one.tcp}/socket-late`);
        const stopped = one.stop();
        assert.deepEqual(await idle.closed, { code: 1001, reason: '', wasClean: true });
        assert.equal(await busy.next(), 'draining');
        busy.send('still served');
        assert.equal(await busy.next(), 'still served');
        busy.send('close 1001 done');
        assert.deepEqual(await busy.closed, { code: 1001, reason: 'done', wasClean: true });
        assert.equal((await stopped).sockets, 0);
    });

    test('closing at once tells every owner', async () => {
        const one = await Server.start();
        const busy = await open(`ws://127.0.0.1:${one.tcp}/socket-late`);
        one.child.kill('SIGTERM');
        assert.equal(await busy.next(), 'draining');
        one.child.kill('SIGTERM');
        const [code] = await one.exited;
        assert.equal(code, 0);
        assert.equal((await busy.closed).code, 1006);
    });
});
