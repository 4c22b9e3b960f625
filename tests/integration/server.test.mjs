// The net room through mf-test-server, from raw sockets, curl and TLS clients: everything that is not a JSON API.
import { test, describe, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { spawn, spawnSync, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import tls from 'node:tls';

const program = path.join(process.env.MF_TEST_DIR, 'mf-test-server');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mf-server-'));
const H = 'HTTP/1.1\r\nHost: a\r\n';
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// AddressSanitizer keeps what was freed for a while.
const memory = (kb) => (process.env.ASAN_OPTIONS ? kb * 8 : kb);

// ---- the server ------------------------------------------------------------------------------

class Server {
    static async start(args = [], options = {}) {
        const server = new Server();
        const command = options.shell ? 'sh' : program;
        const list = options.shell ? ['-c', `${options.shell}; exec "$0" "$@"`, program, ...args] : args;
        server.child = spawn(command, list, { stdio: ['ignore', 'pipe', 'pipe', ...(options.fds ?? [])] });
        server.stdout = '';
        server.stderr = '';
        server.child.stderr.on('data', (data) => (server.stderr += data));
        server.exited = once(server.child, 'close');
        const ready = new Promise((resolve, reject) => {
            server.child.stdout.on('data', (data) => {
                server.stdout += data;
                if (server.stdout.includes('\n')) resolve();
            });
            server.exited.then(([code]) => reject(new Error(`exit ${code}: ${server.stderr}`)));
        });
        await ready;
        Object.assign(server, JSON.parse(server.stdout.split('\n')[0]));
        return server;
    }

    // Drains; the program itself fails when a handle or (under ASan) memory was forgotten.
    async stop() {
        this.child.kill('SIGTERM');
        const [code, signal] = await this.exited;
        assert.equal(signal, null);
        assert.equal(code, 0, this.stderr);
        return JSON.parse(this.stdout.split('\n')[1]);
    }

    async stats() {
        return JSON.parse((await this.get('/stats')).body);
    }

    get(target, options = {}) {
        return fetchOnce({ host: '127.0.0.1', port: this.tcp, path: target, agent: false, ...options });
    }

    connect(options = {}) {
        return Client.connect({ port: this.tcp, host: '127.0.0.1', ...options });
    }

    // Waits for an event inside the server.
    async until(condition, what) {
        for (let i = 0; i < 400; i++) {
            if (condition(await this.stats())) return;
            await sleep(25);
        }
        assert.fail(`never: ${what}`);
    }
}

function fetchOnce(options, body) {
    return new Promise((resolve, reject) => {
        const request = http.request(options, (response) => {
            const parts = [];
            response.on('data', (part) => parts.push(part));
            response.on('error', reject);
            response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts).toString() }));
        });
        request.on('error', reject);
        request.end(body);
    });
}

// ---- a client that reads bytes ---------------------------------------------------------------

const clients = new Set();

// Those of tests that failed, too: a server that drains waits for them.
function closeClients() {
    for (const client of clients) client.close();
}

class Client {
    static async connect(options, secure = false) {
        const client = new Client();
        clients.add(client);
        client.text = '';
        client.size = 0;
        client.ended = false;
        client.socket = secure
            ? tls.connect({ rejectUnauthorized: false, allowHalfOpen: true, ...options })
            : net.connect({ allowHalfOpen: true, ...options });
        client.waiters = [];
        client.socket.on('data', (data) => {
            client.size += data.length;
            if (client.text.length < 1 << 20) client.text += data.toString('latin1');
            client.wake();
        });
        client.socket.on('end', () => { client.ended = true; client.wake(); });
        client.socket.on('error', (error) => { client.error = error; client.wake(); });
        client.socket.on('close', () => { client.closed = true; client.ended = true; client.wake(); });
        await once(client.socket, secure ? 'secureConnect' : 'connect');
        return client;
    }

    wake() {
        for (const waiter of this.waiters.splice(0)) waiter();
    }

    async until(condition) {
        while (!condition()) await new Promise((resolve) => this.waiters.push(resolve));
        return this.text;
    }

    write(text) {
        this.socket.write(text, 'latin1');
        return this;
    }

    has(text) {
        return this.until(() => this.text.includes(text) || this.ended).then(() => {
            assert.ok(this.text.includes(text), `${JSON.stringify(text)} is not in ${JSON.stringify(this.text.slice(0, 1000))}`);
            return this.text;
        });
    }

    // Until the server closes; a reset is no end.
    async end() {
        await this.until(() => this.ended);
        this.socket.destroy();
        assert.equal(this.error, undefined);
        return this.text;
    }

    close() {
        this.socket.destroy();
    }
}

const statusLines = (text) => [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => Number(match[1]));

let server;
before(async () => { server = await Server.start(); });
after(async () => {
    closeClients();
    await server.stop();
    fs.rmSync(folder, { recursive: true, force: true });
});

// ---- requests and answers ----------------------------------------------------------------------

describe('requests and answers', { concurrency: true }, () => {
    test('a request is answered, the connection kept', async () => {
        const client = await server.connect();
        client.write(`GET /hello ${H}\r\n`);
        const text = await client.has('hello\n');
        assert.match(text, /^HTTP\/1\.1 200 OK\r\ndate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\ncontent-type: text\/plain\r\ncontent-length: 6\r\n\r\nhello\n$/);
        client.write(`GET /none ${H}Connection: close\r\n\r\n`);
        assert.deepEqual(statusLines(await client.end()), [200, 404]);
        assert.match(client.text, /connection: close\r\n/);
    });

    test('what the handler sees', async () => {
        const client = await server.connect();
        client.write(`PUT http://a/info?x=1&y HTTP/1.1\r\nHost: a\r\nX-A:  b \r\nX-A: c\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
        const seen = JSON.parse((await client.end()).split('\r\n\r\n')[1]);
        assert.deepEqual(seen, {
            method: 'PUT', target: 'http://a/info?x=1&y', path: '/info', query: 'x=1&y', unix: 0, tls: 0,
            headers: [['host', 'a'], ['x-a', 'b'], ['x-a', 'c'], ['content-length', '0'], ['connection', 'close']],
        });
    });

    test('pipelined requests are answered in order', async () => {
        const client = await server.connect();
        let text = '';
        for (const ms of [80, 0, 40, 1, 20]) text += `GET /wait?ms=${ms} ${H}\r\n`;
        text += `POST /echo ${H}Content-Length: 5\r\n\r\nfirst`;
        text += `POST /echo ${H}Transfer-Encoding: chunked\r\n\r\n6;x\r\nsecond\r\n0\r\nX-Trailer: t\r\n\r\n`;
        text += `HEAD /big?bytes=100000&length=1 ${H}\r\nGET /hello ${H}Connection: close\r\n\r\n`;
        client.write(text);
        const answer = await client.end();
        assert.deepEqual([...answer.matchAll(/waited (\d+)/g)].map((match) => Number(match[1])), [80, 0, 40, 1, 20]);
        assert.ok(answer.indexOf('first') > answer.indexOf('waited 20') && answer.indexOf('second') > answer.indexOf('first'));
        assert.match(answer, /content-length: 100000\r\n\r\nHTTP\/1\.1 200 OK[^]*hello\n$/);
        assert.doesNotMatch(answer, /X-Trailer/i);
    });

    test('a thousand pipelined requests in one write', async () => {
        const client = await server.connect();
        client.write(`GET /hello ${H}\r\n`.repeat(1000) + `GET /hello ${H}Connection: close\r\n\r\n`);
        assert.equal(statusLines(await client.end()).length, 1001);
    });

    test('byte by byte', async () => {
        const client = await server.connect();
        client.socket.setNoDelay(true);
        for (const byte of `POST /echo ${H}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`) {
            client.write(byte);
            await new Promise(setImmediate);
        }
        assert.match(await client.end(), /a[^]*b[^]*c\r\n0\r\n\r\n$/);
    });

    test('HTTP/1.0', async () => {
        let client = await server.connect();
        client.write('GET /hello HTTP/1.0\r\n\r\n');
        assert.match(await client.end(), /^HTTP\/1\.1 200 OK\r\n[^]*connection: close\r\n\r\nhello\n$/);
        client = await server.connect();
        client.write('GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
        await client.has('connection: keep-alive\r\n\r\nhello\n');
        client.write('GET /big?bytes=200000 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
        const text = await client.end(); // Its length is unknown: it ends with the connection.
        assert.doesNotMatch(text, /transfer-encoding/);
        assert.equal(text.split('\r\n\r\n')[2].length, 200000);
    });

    test('HEAD, 204 and 304 have no body', async () => {
        const client = await server.connect();
        client.write(`HEAD /hello ${H}\r\nGET /status?code=204 ${H}\r\nGET /status?code=304 ${H}\r\nHEAD /big ${H}\r\nGET /hello ${H}Connection: close\r\n\r\n`);
        const parts = (await client.end()).split('\r\n\r\n');
        assert.equal(parts.length, 6);
        assert.match(parts[0], /200 OK[^]*content-length: 6/);
        assert.match(parts[1], /^HTTP\/1\.1 204 No Content/);
        assert.doesNotMatch(parts[1], /content-length|transfer-encoding/);
        assert.match(parts[2], /^HTTP\/1\.1 304 Not Modified/);
        assert.equal(parts[5], 'hello\n');
    });

    test('the server computes framing; hostile headers do not leave', async () => {
        const hop = await server.get('/hop');
        assert.deepEqual([hop.status, hop.headers['x-a'], hop.headers['content-length'], hop.body], [200, 'b', '4', 'body']);
        assert.equal(hop.headers['transfer-encoding'], undefined);
        const client = await server.connect();
        client.write(`GET /inject ${H}\r\n`);
        const text = await client.end();
        assert.match(text, /^HTTP\/1\.1 500 [^]*application\/problem\+json[^]*"code":"internal"/);
        assert.doesNotMatch(text, /injected/);
    });

    test('a response that cannot be completed is cut', async () => {
        await assert.rejects(server.get('/cut'), /aborted|socket hang up|ECONNRESET/);
        await assert.rejects(server.get('/short'), /aborted|socket hang up|ECONNRESET/);
        assert.equal((await server.get('/long')).body, '12345');
        // Only a reset tells a 1.0 client. (Not Node as the client: libuv takes data with a reset behind it for an end.)
        const curl = spawn('curl', ['-s', '--http1.0', `http://127.0.0.1:${server.tcp}/cut`]);
        const [code] = await once(curl, 'exit');
        assert.equal(code, 56);
    });
});

// ---- bodies -------------------------------------------------------------------------------------

function upload(target, bytes, block = Buffer.alloc(65536, 'ab')) {
    return new Promise((resolve, reject) => {
        const request = http.request({ host: '127.0.0.1', port: server.tcp, path: target, method: 'POST', agent: false }, (response) => {
            const parts = [];
            response.on('data', (part) => parts.push(part));
            response.on('end', () => resolve({ status: response.statusCode, body: Buffer.concat(parts) }));
        });
        request.on('error', reject);
        let left = bytes;
        const more = () => {
            while (left > 0) {
                const size = Math.min(left, block.length);
                left -= size;
                if (!request.write(block.subarray(0, size))) {
                    request.once('drain', more);
                    return;
                }
            }
            request.end();
        };
        more();
    });
}

describe('bodies', { concurrency: false }, () => {
    test('64 MiB there and back', async () => {
        const { status, body } = await upload('/echo', 64 << 20);
        assert.equal(status, 200);
        assert.equal(body.length, 64 << 20);
        assert.ok(body.equals(Buffer.alloc(64 << 20, 'ab')));
    });

    test('a slow reader holds the source, not the memory', async () => {
        const before = (await server.stats()).rssKb;
        const client = await server.connect();
        client.socket.pause();
        client.write(`GET /big?bytes=${300 << 20} ${H}Connection: close\r\n\r\n`);
        await sleep(500);
        const grown = (await server.stats()).rssKb - before;
        assert.ok(grown < memory(8192), `${grown} KiB for one slow reader`);
        client.socket.resume();
        await client.end();
        assert.ok(client.size > 300 << 20);
    });

    test('a slow handler holds the sender, not the memory', async () => {
        const before = (await server.stats()).rssKb;
        const answer = upload('/collect?ms=5', 16 << 20);
        let grown = 0;
        let done = false;
        answer.finally(() => (done = true));
        while (!done) {
            grown = Math.max(grown, (await server.stats()).rssKb - before);
            await sleep(50);
        }
        const { body } = await answer;
        assert.equal(JSON.parse(body).bytes, 16 << 20);
        assert.ok(grown < memory(8192), `${grown} KiB for one slow handler`);
    });

    test('an exchange with its sender ahead stops reading', async () => {
        const { rssKb: before, aborts } = await server.stats();
        const client = await server.connect();
        const block = `GET /hello ${H}\r\n`.repeat(2000);
        client.write(`GET /never ${H}\r\n`);
        for (let i = 0; i < 1000; i++) client.write(block); // 60 MB of requests.
        await sleep(300);
        const grown = (await server.stats()).rssKb - before;
        assert.ok(grown < memory(8192), `${grown} KiB read ahead`);
        assert.ok(client.socket.writableLength > 10 << 20);
        client.socket.resetAndDestroy(); // An end would wait behind what is not read.
        await server.until((stats) => stats.aborts === aborts + 1, 'noticed'); // None of those requests is begun later, amid another test.
    });

    test('a client that reads no answers gets no new ones', async () => {
        const { requests } = await server.stats();
        const client = await server.connect();
        client.socket.pause();
        client.write(`GET /big?bytes=1000000&length=1 ${H}\r\n`.repeat(500));
        await sleep(300);
        const stats = await server.stats();
        assert.ok(stats.requests - requests < 100, `${stats.requests - requests} requests begun`);
        client.socket.resume();
        await client.until(() => client.size > 500 * 1000000);
        client.close();
    });

    test('a body that nobody reads is dropped, up to a limit', async () => {
        let client = await server.connect();
        client.write(`POST /early ${H}Content-Length: 100000\r\n\r\n${'x'.repeat(100000)}GET /hello ${H}\r\n`);
        assert.deepEqual(statusLines(await client.has('hello\n')), [403, 200]);
        client.close();
        client = await server.connect();
        client.write(`POST /early ${H}Content-Length: 1000000\r\n\r\n${'x'.repeat(200000)}`);
        assert.match(await client.end(), /^HTTP\/1\.1 403 [^]*connection: close/);
        client = await server.connect(); // Chunked: nobody knows how much it will be.
        client.write(`POST /early ${H}Transfer-Encoding: chunked\r\n\r\n`);
        await client.has('no\n');
        const chunk = `10000\r\n${'x'.repeat(65536)}\r\n`;
        for (let i = 0; i < 6; i++) client.write(chunk);
        await client.end();
    });

    test('a body that is too large is refused, and the refusal arrives', async () => {
        const small = await Server.start(['--body-bytes', '1000']);
        let client = await small.connect();
        client.write(`POST /collect ${H}Content-Length: 1001\r\n\r\n${'x'.repeat(1001)}`);
        assert.match(await client.end(), /^HTTP\/1\.1 413 [^]*"code":"http.body_too_large"/);
        client = await small.connect();
        client.write(`POST /collect ${H}Transfer-Encoding: chunked\r\n\r\n3e9\r\n${'x'.repeat(1001)}\r\n0\r\n\r\n`);
        assert.match(await client.end(), /^HTTP\/1\.1 413 /);
        client = await small.connect();
        client.write(`POST /collect ${H}Content-Length: 1000\r\nConnection: close\r\n\r\n${'x'.repeat(1000)}`);
        assert.match(await client.end(), /^HTTP\/1\.1 200 [^]*"bytes":1000/);
        assert.equal((await small.stop()).aborts, 1);
    });

    test('100-continue is sent when the handler reads', async () => {
        const client = await server.connect();
        const started = Date.now();
        client.write(`POST /late?after=200 ${H}Expect: 100-continue\r\nContent-Length: 4\r\n\r\n`);
        assert.equal(await client.has('\r\n\r\n'), 'HTTP/1.1 100 Continue\r\n\r\n');
        assert.ok(Date.now() - started >= 190);
        client.write('body');
        assert.match(await client.has('"bytes":4'), /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
        client.write(`POST /early ${H}Expect: 100-continue\r\nContent-Length: 4\r\n\r\n`);
        assert.deepEqual(statusLines(await client.end()), [100, 200, 403]); // And closed: who knows whether a body comes.
    });
});

// ---- clients that do not behave -------------------------------------------------------------------

const refusals = [
    ['two lengths', `POST /hello ${H}Content-Length: 4\r\nContent-Length: 4\r\n\r\nbody`, 400],
    ['length and chunked', `POST /hello ${H}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
    ['odd transfer-encoding', `POST /hello ${H}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`, 400],
    ['coding on the chunks', `POST /hello ${H}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`, 400],
    ['folded header', `POST /hello ${H}X: y\r\n Content-Length: 4\r\n\r\nbody`, 400],
    ['space before the colon', `POST /hello ${H}Content-Length : 4\r\n\r\nbody`, 400],
    ['bare LF', `POST /hello HTTP/1.1\nHost: a\nContent-Length: 4\n\nbody`, 400],
    ['NUL in a value', `GET /hello ${H}X: a\0b\r\n\r\n`, 400],
    ['no Host', `GET /hello HTTP/1.1\r\n\r\n`, 400],
    ['two Hosts', `GET /hello ${H}Host: b\r\n\r\n`, 400],
    ['target of another host', `GET http://b/hello ${H}\r\n`, 400],
    ['garbage', `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03`, 400],
    ['CONNECT', `CONNECT a:443 ${H}\r\n`, 501],
    ['HTTP/2', `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`, 505],
    ['unknown expectation', `POST /hello ${H}Expect: a-lot\r\nContent-Length: 1\r\n\r\n`, 417],
    ['long target', `GET /${'a'.repeat(17000)} ${H}\r\n`, 414],
    ['large headers', `GET / ${H}${`X: ${'a'.repeat(1000)}\r\n`.repeat(140)}\r\n`, 431],
    ['many headers', `GET / ${H}${'X: a\r\n'.repeat(1100)}\r\n`, 431],
];

describe('clients that do not behave', { concurrency: false }, () => {
    for (const [name, text, status] of refusals) {
        test(`${name}: ${status}, once, and closed`, async () => {
            const { requests } = await server.stats();
            const client = await server.connect();
            client.write(`${text}GET /hello ${H}\r\nGET /hello ${H}\r\n`);
            const answer = await client.end();
            assert.deepEqual(statusLines(answer), [status]);
            assert.match(answer, /connection: close\r\n\r\n{"type":"urn:mayfly:error:[a-z_.]+","status":\d+,"code":"[a-z_.]+","title":".+"}\n$/);
            assert.equal((await server.stats()).requests, requests + 1); // The one of stats() itself: nothing was smuggled.
        });
    }

    test('a chunk that is not valid ends the exchange', async () => {
        const { aborts } = await server.stats();
        const client = await server.connect();
        client.write(`POST /collect ${H}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n`);
        assert.match(await client.end(), /^HTTP\/1\.1 400 /);
        const stats = await server.stats();
        assert.equal(stats.aborts, aborts + 1);
        assert.equal(stats.lastAbort, 'http.malformed');
    });

    test('a client that resets is noticed at once', async () => {
        const { aborts } = await server.stats();
        const client = await server.connect();
        client.write(`GET /begin ${H}\r\n`);
        await client.has('begun');
        client.socket.resetAndDestroy();
        await server.until((stats) => stats.aborts === aborts + 1 && stats.lastAbort === 'canceled', 'abort');
    });

    test('a client that closed its sending side still gets its answers', async () => {
        const client = await server.connect();
        client.socket.end(`GET /wait?ms=300 ${H}\r\nGET /hello ${H}\r\n`);
        assert.match(await client.end(), /waited 300\n[^]*hello\n$/);
    });

    test('one whose answer flows is kept, one whose answer rests is not', async () => {
        const { aborts } = await server.stats();
        const flowing = await server.connect();
        flowing.socket.pause();
        flowing.socket.end(`GET /big?bytes=${40 << 20} ${H}\r\n`);
        const resting = await server.connect();
        resting.socket.end(`GET /begin ${H}\r\n`);
        assert.match(await resting.end(), /begun/);
        assert.equal((await server.stats()).aborts, aborts + 1);
        await sleep(500);
        flowing.socket.resume();
        await flowing.end();
        assert.ok(flowing.size > 40 << 20);
    });

    test('one that left behind more than is read ahead is noticed', async () => {
        const { aborts } = await server.stats();
        const client = await server.connect();
        client.write(`GET /never ${H}\r\n${`GET /hello ${H}\r\n`.repeat(4000)}`);
        client.socket.end();
        await client.until(() => client.ended); // Or reset, when some of it was still unread.
        assert.equal(client.text, '');
        assert.equal((await server.stats()).aborts, aborts + 1);
    });

    test('a client that is gone is taken as gone after a moment', async () => {
        const { aborts } = await server.stats();
        const client = await server.connect();
        const started = Date.now();
        client.socket.end(`GET /never ${H}\r\n`);
        assert.equal(await client.end(), '');
        assert.ok(Date.now() - started >= 900, `${Date.now() - started} ms`);
        await server.until((stats) => stats.aborts === aborts + 1, 'abort');
    });

    test('a body that ends too soon is an abort', async () => {
        const { aborts } = await server.stats();
        const client = await server.connect();
        client.socket.end(`POST /collect ${H}Content-Length: 10\r\n\r\nabc`);
        assert.equal(await client.end(), '');
        assert.equal((await server.stats()).aborts, aborts + 1);
    });
});

// Clients that write, stop, leave and reset at random; the seed is printed. The server must answer the next one, and end clean.
function random(seed) {
    let state = seed;
    const next = (limit) => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return Math.floor((state / 4294967296) * limit);
    };
    next.of = (list) => list[next(list.length)];
    return next;
}

async function randomClient(target, next) {
    const chunked = `Transfer-Encoding: chunked\r\n\r\n${`400\r\n${'c'.repeat(1024)}\r\n`.repeat(40)}0\r\n\r\n`;
    const requests = [
        `GET /hello ${H}\r\n`, `GET /big?bytes=3000000 ${H}\r\n`, `GET /wait?ms=5 ${H}\r\n`, `GET /cut ${H}\r\n`, `HEAD /big ${H}\r\n`,
        `POST /echo ${H}${chunked}`, `POST /collect?ms=1 ${H}${chunked}`, `POST /early ${H}${chunked}`, `GET /short ${H}\r\n`,
        `POST /echo ${H}Content-Length: 70000\r\n\r\n${'e'.repeat(70000)}`, `POST /late?after=5 ${H}Expect: 100-continue\r\nContent-Length: 2\r\n\r\nab`,
        'NONSENSE\r\n', `GET /inject ${H}\r\n`, 'GET /hello HTTP/1.0\r\n\r\n', `POST /early ${H}Content-Length: 9\r\n\r\n`,
    ];
    const socket = net.connect({ port: target.tcp, host: '127.0.0.1', allowHalfOpen: true });
    let gone = false;
    socket.on('error', () => {});
    socket.on('close', () => (gone = true));
    socket.on('data', () => {});
    if (next(4) === 0) socket.pause();
    let text = '';
    for (let i = next(4) + 1; i > 0; i--) text += next.of(requests);
    if (next(6) === 0) text += `GET /never ${H}\r\n`; // With nothing behind it: an end that TCP's window holds back is seen by nobody.
    while (text.length > 0 && !gone) {
        const size = next(3) === 0 ? next(20) + 1 : next(text.length) + 1;
        socket.write(text.slice(0, size));
        text = text.slice(size);
        if (next(8) === 0) break;
        await sleep(next(4));
    }
    if (next(2) === 0) await sleep(next(60));
    next.of([() => socket.destroy(), () => socket.resetAndDestroy(), () => socket.end()])();
    await sleep(next(100));
    socket.destroy();
}

test('a thousand random clients', async (context) => {
    const seed = Number(process.env.MF_SEED ?? Date.now() % 1000000);
    context.diagnostic(`MF_SEED=${seed}`);
    const next = random(seed);
    const target = await Server.start();
    for (let i = 0; i < 20; i++) {
        await Promise.all(Array.from({ length: 50 }, () => randomClient(target, random(next(1 << 30)))));
        assert.equal((await target.get('/hello')).body, 'hello\n');
    }
    await target.until((stats) => stats.connections === 1, 'all gone');
    await target.stop();
});

// ---- time and numbers --------------------------------------------------------------------------------

describe('time', { concurrency: true }, () => {
    test('a head that drips is answered 408', async () => {
        const slow = await Server.start(['--header-ms', '400']);
        const client = await slow.connect();
        const started = Date.now();
        client.write(`GET /hello ${H}`);
        const drip = setInterval(() => client.socket.writable && client.write('X: y\r\n'), 50);
        const text = await client.end();
        clearInterval(drip);
        assert.match(text, /^HTTP\/1\.1 408 [^]*"code":"http.timeout"/);
        assert.ok(Date.now() - started >= 390 && Date.now() - started < 5000);
        await slow.stop();
    });

    test('a body that stops is answered 408; one that drips is not', async () => {
        const slow = await Server.start(['--body-ms', '2000']);
        const dripping = await slow.connect();
        dripping.write(`POST /collect ${H}Content-Length: 10\r\n\r\n`);
        const stopped = await slow.connect();
        stopped.write(`POST /collect ${H}Content-Length: 10\r\n\r\nabc`);
        for (let i = 0; i < 10; i++) {
            await sleep(300); // Together longer than the timeout, one alone far from it.
            dripping.write('x');
        }
        await dripping.has('"bytes":10');
        assert.match(await stopped.end(), /^HTTP\/1\.1 408 /);
        dripping.close();
        const stats = await slow.stop();
        assert.deepEqual([stats.aborts, stats.lastAbort], [1, 'http.timeout']);
    });

    test('a handler that rests is not the client\'s fault', async () => {
        const slow = await Server.start(['--body-ms', '200', '--header-ms', '200', '--idle-ms', '200', '--write-ms', '200']);
        const client = await slow.connect();
        client.write(`POST /collect?ms=500 ${H}Content-Length: 3\r\n\r\nabcGET /wait?ms=500 ${H}\r\n`); // In one: it is never idle.
        assert.match(await client.has('waited 500'), /"bytes":3[^]*waited 500/);
        await slow.stop();
    });

    test('idle connections are closed without a word', async () => {
        const slow = await Server.start(['--idle-ms', '1500']);
        const silent = await slow.connect();
        const used = await slow.connect();
        used.write(`GET /hello ${H}\r\n`);
        await used.has('hello\n');
        assert.equal(await silent.end(), '');
        assert.deepEqual(statusLines(await used.end()), [200]);
        await slow.stop();
    });

    test('a server that was held up reads what had come in time before it judges', async () => {
        const slow = await Server.start(['--idle-ms', '300', '--header-ms', '300']);
        const idle = await slow.connect(), amid = await slow.connect();
        idle.write(`GET /hello ${H}\r\n`);
        await idle.has('hello\n');
        amid.write('GET /hello HTTP/1.1\r\n');
        const stalling = slow.get('/stall?ms=700'); // Both deadlines pass.
        await new Promise((done) => setTimeout(done, 100));
        idle.write(`GET /wait?ms=1 ${H}\r\n`);
        amid.write('Host: a\r\n\r\n');
        await stalling;
        await idle.has('waited 1');
        await amid.has('hello\n');
        await slow.stop();
    });

    test('a client that reads nothing is dropped', async () => {
        const slow = await Server.start(['--write-ms', '400']);
        const client = await slow.connect();
        client.socket.pause();
        client.write(`GET /big?bytes=${1 << 30} ${H}\r\n`);
        await slow.until((stats) => stats.aborts === 1, 'abort');
        client.close();
        await slow.stop();
    });
});

describe('numbers', { concurrency: false }, () => {
    test('1,500 idle connections', async () => {
        const many = await Server.start();
        const before = (await many.stats()).rssKb;
        const crowd = [];
        for (let i = 0; i < 15; i++) {
            crowd.push(...(await Promise.all(Array.from({ length: 100 }, () => many.connect()))));
        }
        for (const client of crowd) client.write(`GET /hello ${H}\r\n`);
        await Promise.all(crowd.map((client) => client.has('hello\n')));
        const stats = await many.stats();
        assert.equal(stats.connections, 1501);
        if (!process.env.ASAN_OPTIONS) assert.ok(stats.rssKb - before < 1500 * 4, `${stats.rssKb - before} KiB`);
        for (const client of crowd) client.close();
        await many.until((now) => now.connections === 1, 'closed');
        await many.stop();
    });

    test('past the limit an idle connection makes place, a busy one does not', async () => {
        const few = await Server.start(['--connections', '3']);
        const idle = await few.connect();
        idle.write(`GET /hello ${H}\r\n`);
        await idle.has('hello\n');
        const busy = [await few.connect(), await few.connect()];
        const occupy = (client) => client.write(`GET /begin ${H}\r\n`).has('begun');
        for (const client of busy) await occupy(client);
        assert.equal((await few.get('/hello')).body, 'hello\n');
        await idle.end();
        const third = await few.connect();
        await occupy(third);
        const waiting = await few.connect(); // The kernel takes it; the server has no place.
        waiting.write(`GET /hello ${H}Connection: close\r\n\r\n`);
        await sleep(200);
        assert.equal(waiting.text, '');
        third.socket.resetAndDestroy();
        assert.match(await waiting.end(), /hello\n$/);
        for (const client of busy) client.socket.resetAndDestroy();
        await few.stop();
    });

    test('no descriptors left: new connections fail, the server does not', async () => {
        const poor = await Server.start([], { shell: 'ulimit -n 40' });
        const sockets = [];
        for (let i = 0; i < 60; i++) {
            const socket = net.connect({ port: poor.tcp, host: '127.0.0.1' });
            socket.on('error', () => {});
            sockets.push(socket);
        }
        await sleep(300);
        assert.equal(poor.child.exitCode, null);
        for (const socket of sockets) socket.destroy();
        await sleep(100);
        assert.equal((await poor.get('/hello')).body, 'hello\n');
        await poor.stop();
    });
});

// ---- other listeners -----------------------------------------------------------------------------------

describe('unix sockets and inherited ones', { concurrency: true }, () => {
    test('0600, answered, removed at the end', async () => {
        const socketPath = path.join(folder, 'a.sock');
        const local = await Server.start(['--unix', socketPath]);
        assert.equal(fs.statSync(socketPath).mode & 0o777, 0o600);
        const seen = JSON.parse(execFileSync('curl', ['-s', '--unix-socket', socketPath, 'http://localhost/info'], { encoding: 'utf8' }));
        assert.deepEqual([seen.path, seen.unix], ['/info', 1]);
        await local.stop();
        assert.ok(!fs.existsSync(socketPath));
    });

    test('a stale one is replaced, a live one is not, a file is not', async () => {
        const socketPath = path.join(folder, 'b.sock');
        const first = await Server.start(['--unix', socketPath]);
        await assert.rejects(Server.start(['--unix', socketPath]), /another process listens.*exists/);
        first.child.kill('SIGKILL');
        await first.exited;
        assert.ok(fs.existsSync(socketPath));
        const second = await Server.start(['--unix', socketPath]);
        assert.equal((await fetchOnce({ socketPath, path: '/hello', agent: false })).body, 'hello\n');
        await second.stop();
        const file = path.join(folder, 'file');
        fs.writeFileSync(file, 'precious');
        await assert.rejects(Server.start(['--unix', file]), /is no socket/);
        assert.equal(fs.readFileSync(file, 'utf8'), 'precious');
    });

    test('another daemon\'s socket is left alone', async () => {
        const socketPath = path.join(folder, 'c.sock');
        const local = await Server.start(['--unix', socketPath]);
        fs.unlinkSync(socketPath);
        fs.writeFileSync(socketPath, 'not yours');
        await local.stop();
        assert.equal(fs.readFileSync(socketPath, 'utf8'), 'not yours');
    });

    test('a socket that somebody else opened', async () => {
        const listening = net.createServer(() => {});
        listening.listen(0, '127.0.0.1');
        await once(listening, 'listening');
        const { port } = listening.address();
        const heir = await Server.start(['--fd', '3'], { fds: [listening._handle.fd] });
        listening.close();
        assert.equal((await fetchOnce({ host: '127.0.0.1', port, path: '/hello', agent: false })).body, 'hello\n');
        await heir.stop();
        await assert.rejects(Server.start(['--fd', '2']), /inherited descriptor/);
    });
});

// ---- TLS ---------------------------------------------------------------------------------------------------

describe('TLS', { concurrency: false }, () => {
    let secure;
    const cert = path.join(folder, 'cert.pem');
    const key = path.join(folder, 'key.pem');
    const other = path.join(folder, 'other.pem');

    before(async () => {
        for (const [keyPath, certPath] of [[key, cert], [other, path.join(folder, 'unused.pem')]]) {
            execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
                '-subj', '/CN=localhost', '-keyout', keyPath, '-out', certPath], { stdio: 'ignore' });
        }
        secure = await Server.start(['--tls', cert, key]);
    });
    after(() => {
        closeClients();
        return secure.stop();
    });

    const connect = (options = {}) => Client.connect({ port: secure.tls, host: '127.0.0.1', ...options }, true);
    const fails = (options) => assert.rejects(connect(options).then((client) => client.close()));

    for (const version of ['TLSv1.2', 'TLSv1.3']) {
        test(`${version}`, async () => {
            const client = await connect({ minVersion: version, maxVersion: version, ALPNProtocols: ['h2', 'http/1.1'] });
            assert.equal(client.socket.getProtocol(), version);
            assert.equal(client.socket.alpnProtocol, 'http/1.1');
            client.write(`GET /info ${H}\r\n`);
            await client.has('"tls":1');
            client.write(`GET /wait?ms=50 ${H}\r\nGET /hello ${H}Connection: close\r\n\r\n`);
            assert.match(await client.end(), /waited 50\n[^]*hello\n$/);
        });
    }

    test('older versions and other protocols are refused', async () => {
        await fails({ minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' });
        await fails({ minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'ALL@SECLEVEL=0' });
        await fails({ ALPNProtocols: ['h2'] });
        await fails({ maxVersion: 'TLSv1.2', ciphers: 'AES128-SHA' });
    });

    test('the end is authenticated', async () => {
        // s_client says "closed" for close_notify and complains without it.
        const run = spawnSync('openssl', ['s_client', '-connect', `127.0.0.1:${secure.tls}`, '-quiet', '-ign_eof'], {
            input: `GET /hello ${H}Connection: close\r\n\r\n`, encoding: 'utf8' });
        assert.match(run.stdout, /hello\n$/);
        assert.doesNotMatch(run.stderr, /unexpected eof/);
        assert.equal(run.status, 0);
    });

    test('bodies both ways, slow readers', async () => {
        const client = await connect();
        const block = Buffer.alloc(1 << 20, 'z');
        const before = (await secure.stats()).rssKb;
        client.socket.pause();
        client.write(`GET /big?bytes=${100 << 20} ${H}\r\n`);
        await sleep(500);
        const grown = (await secure.stats()).rssKb - before;
        assert.ok(grown < memory(16384), `${grown} KiB for one slow reader`);
        client.socket.resume();
        await client.until(() => client.size > 100 << 20);
        client.text = '';
        client.size = 0;
        client.write(`POST /collect ${H}Connection: close\r\nContent-Length: ${32 << 20}\r\n\r\n`);
        for (let i = 0; i < 32; i++) client.socket.write(block);
        assert.match(await client.end(), new RegExp(`"bytes":${32 << 20},`));
    });

    test('curl', async () => {
        const file = path.join(folder, 'upload');
        fs.writeFileSync(file, Buffer.alloc(3 << 20, 'q'));
        const out = execFileSync('curl', ['-sk', '--data-binary', `@${file}`, `https://127.0.0.1:${secure.tls}/collect`], { encoding: 'utf8' });
        assert.equal(JSON.parse(out).bytes, 3 << 20);
    });

    test('sessions are resumed', async () => {
        const first = await connect({ minVersion: 'TLSv1.3' });
        const session = once(first.socket, 'session');
        first.write(`GET /hello ${H}\r\n`);
        const [ticket] = await session;
        const second = await connect({ session: ticket });
        assert.ok(second.socket.isSessionReused());
        first.close();
        second.close();
    });

    test('a client without TLS, one that breaks off, one that resets', async () => {
        const plain = await Client.connect({ port: secure.tls, host: '127.0.0.1' });
        plain.write(`GET /hello ${H}\r\n`);
        await plain.until(() => plain.ended);
        assert.doesNotMatch(plain.text, /HTTP/);
        const half = await Client.connect({ port: secure.tls, host: '127.0.0.1' });
        half.socket.write(Buffer.from([0x16, 3, 1, 2, 0]));
        half.socket.end();
        await half.until(() => half.ended);
        half.close();
        const { aborts } = await secure.stats();
        const client = await connect();
        client.write(`GET /begin ${H}\r\n`);
        await client.has('begun');
        client.socket.destroy();
        await secure.until((stats) => stats.aborts === aborts + 1, 'abort');
    });

    test('a handshake that does not come is given up', async () => {
        const started = Date.now();
        const client = await Client.connect({ port: secure.tls, host: '127.0.0.1' });
        assert.equal(await client.end(), '');
        assert.ok(Date.now() - started >= 9900 && Date.now() - started < 20000);
    });

    test('files that do not fit stop the start with a reason', async () => {
        await assert.rejects(Server.start(['--tls', '/nonexistent.pem', key]), /cannot use the certificate \/nonexistent\.pem.*\(config\)/);
        await assert.rejects(Server.start(['--tls', cert, '/nonexistent.pem']), /cannot use the private key/);
        await assert.rejects(Server.start(['--tls', cert, other]), /private key|mismatch/);
    });
});

// ---- the end ---------------------------------------------------------------------------------------------

describe('drain', { concurrency: true }, () => {
    test('who was promised that the connection is kept may send once more on it', async () => {
        const draining = await Server.start();
        const kept = await draining.connect();
        kept.socket.pause(); // Its head is out before, its end is not.
        kept.write(`GET /big?bytes=${20 << 20}&length=1 ${H}\r\n`);
        await draining.until((stats) => stats.requests >= 2, 'under way');
        draining.child.kill('SIGTERM');
        while (await draining.get('/hello').then(() => true, () => false)); // It takes nothing new.
        kept.socket.resume();
        await kept.until(() => kept.size > 20 << 20 || kept.ended);
        assert.ok(!kept.text.slice(0, 500).includes('connection: close') && !kept.ended);
        kept.text = '';
        kept.write(`GET /hello ${H}\r\n`);
        assert.match(await kept.end(), /connection: close\r\n\r\nhello\n$/);
        assert.equal((await draining.exited)[0], 0, draining.stderr);
    });

    test('answers what is under way, closes what idles, takes nothing new', async () => {
        const draining = await Server.start();
        const idle = await draining.connect();
        const busy = await draining.connect();
        const late = await draining.connect();
        const streaming = await draining.connect();
        busy.write(`GET /wait?ms=2000 ${H}\r\nGET /hello ${H}\r\n`);
        late.write(`GET /hello HTTP/1.1\r\n`);
        streaming.socket.pause();
        streaming.write(`GET /big?bytes=${20 << 20} ${H}\r\n`);
        await draining.until((stats) => stats.requests >= 3, 'under way');
        draining.child.kill('SIGTERM');
        assert.equal(await idle.end(), '');
        await assert.rejects(draining.get('/hello'), /ECONNREFUSED/);
        late.write('Host: a\r\n\r\n');
        assert.match(await late.end(), /connection: close\r\n\r\nhello\n$/);
        const text = await busy.end();
        assert.match(text, /connection: close\r\n\r\nwaited 2000\n$/);
        assert.equal(draining.child.exitCode, null); // One still reads.
        streaming.socket.resume();
        await streaming.end();
        assert.ok(streaming.size > 20 << 20);
        assert.equal((await draining.exited)[0], 0, draining.stderr);
        assert.equal(JSON.parse(draining.stdout.split('\n')[1]).aborts, 0);
    });

    test('closing at once aborts what is under way', async () => {
        const closing = await Server.start();
        const idle = await closing.connect();
        const busy = await closing.connect();
        busy.write(`GET /begin ${H}\r\n`);
        await busy.has('begun');
        closing.child.kill('SIGTERM');
        await idle.end(); // The first is heard: two at once would be one.
        closing.child.kill('SIGTERM');
        await busy.until(() => busy.ended);
        busy.close();
        assert.equal((await closing.exited)[0], 0, closing.stderr);
    });
});
