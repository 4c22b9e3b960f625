// Drives mayfly-runtime-harness (harness.c) from node's test runner: one process for a test file, any number of runs.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const program = process.env.MF_HARNESS ?? path.join(here, '../../build/release/tests/mayfly-runtime-harness');

export class Harness {
    constructor(...flags) {
        this.child = spawn(program, flags, { stdio: ['pipe', 'pipe', 'pipe'] });
        this.stderr = '';
        this.child.stderr.on('data', (text) => (this.stderr += text));
        this.waiting = [];
        this.lines = [];
        this.child.stdin.on('error', () => {});
        createInterface({ input: this.child.stdout }).on('line', (line) => this.#onLine(line));
        this.child.on('exit', (code, signal) => this.#onExit(code, signal));
    }

    close() {
        this.child.stdin.end();
    }

    // |modules|: one ES module as text, or {name: text | {kind, body}}. Resolves to {logs, exceptions, status, headers, body ...}.
    run(modules, options = {}) {
        const parts = [];
        const put = (key, argument, value = '') => {
            const bytes = Buffer.from(value);
            parts.push(Buffer.from(`${key} ${argument} ${bytes.length}\n`), bytes, Buffer.from('\n'));
        };
        const table = typeof modules === 'string' ? { 'main.js': modules } : modules;
        for (const [name, module] of Object.entries(table)) {
            const { kind = 'esm', body, mappings } = typeof module === 'string' ? { body: module } : module;
            put('module', `${kind}:${name}`, body);
            if (mappings !== undefined) {
                put('mappings', '-', mappings);
            }
        }
        for (const key of ['main', 'date', 'flags', 'entrypoint', 'env', 'props', 'method', 'url', 'fetch', 'bodyError', 'program', 'answer', 'answerType']) {
            if (options[key] !== undefined) {
                put(key, '-', typeof options[key] === 'string' ? options[key] : JSON.stringify(options[key]));
            }
        }
        if (options.headers !== undefined) {
            put('headers', '-', Buffer.from(options.headers.flat().map((text) => `${text}\0`).join(''), 'latin1'));
        }
        for (const piece of options.body === undefined ? [] : [options.body].flat()) {
            put('piece', '-', piece);
        }
        for (const key of ['slow', 'tool', 'transform', 'emptyBody']) {
            if (options[key]) {
                put(key, '-');
            }
        }
        if (options.stopAfter !== undefined) {
            put('stopAfter', String(options.stopAfter));
        }
        put('run', '-');
        return new Promise((resolve, reject) => {
            this.waiting.push({ resolve, reject });
            this.child.stdin.write(Buffer.concat(parts));
        });
    }

    #onLine(text) {
        const line = JSON.parse(text);
        this.lines.push(line);
        if (line.event === 'done') {
            const { lines } = this;
            this.lines = [];
            this.waiting.shift().resolve(digest(lines));
        }
    }

    #onExit(code, signal) {
        for (const { reject } of this.waiting.splice(0)) {
            reject(new Error(`the harness ended with ${signal ?? code}: ${this.stderr}`));
        }
    }
}

function parseHeaders(base64) {
    const parts = Buffer.from(base64, 'base64').toString('latin1').split('\0');
    const headers = [];
    for (let i = 0; i + 1 < parts.length; i += 2) {
        headers.push([parts[i], parts[i + 1]]);
    }
    return headers;
}

// Calls of tools, each with what it was called with; null when that did not go out.
function callsOf(called, told) {
    const args = new Map(told.map((line) => [line.number, JSON.parse(line.text)]));
    return called.map(({ number, namespace, name }) => ({ namespace, name, args: args.get(number) ?? null }));
}

function digest(lines) {
    const of = (event) => lines.filter((line) => line.event === event);
    const head = of('respond')[0];
    const bytes = Buffer.concat(of('write').filter((line) => line.stream === 1).map((line) => Buffer.from(line.bytes, 'base64')));
    const finish = of('finish')[0];
    return {
        lines,
        logs: of('log').map((line) => line.text),
        exceptions: of('exception'),
        status: head?.status,
        statusText: head && Buffer.from(head.statusText, 'base64').toString('latin1'),
        headers: head && parseHeaders(head.headers),
        hasBody: head?.hasBody === 1,
        bytes,
        body: bytes.toString(),
        isEnded: of('end').some((line) => line.stream === 1),
        aborted: of('abort').find((line) => line.stream === 1)?.text,
        fetches: of('fetch').map((line) => ({ ...line, headers: parseHeaders(line.headers) })),
        calls: callsOf(of('called'), of('args')),
        stripped: of('stripped')[0],
        outcome: finish?.code,
        text: finish?.text,
        done: lines.at(-1),
    };
}
