// fs_streams.mjs - fs.ReadStream and fs.WriteStream.
import { Buffer } from 'buffer';
import { outOfRange } from './errors.mjs';
import { flagsOf, integerOf, modeOf, optionsOf, pathOf } from './fs_args.mjs';
import * as core from './fs_core.mjs';
import { abortError } from './fs_errors.mjs';
import { stream } from './host.mjs';

const { Readable, Writable, finished } = stream();
const READ_BYTES = 65536;

// A number, or a FileHandle, which is closed as such.
function descriptorOf({ fd }) {
    if (fd === undefined || fd === null) return { fd: null, handle: null };
    return typeof fd === 'object' ? { fd: fd.fd, handle: fd } : { fd: integerOf(fd, 'fd', 0, 2147483647), handle: null };
}

const checkPlace = (value, name) => (value === undefined ? undefined : integerOf(value, name, 0));

// What a stream is told, checked before it is made. It opens what has only a name by itself.
function planOf(path, given, flags) {
    const options = { ...optionsOf(given) };
    const { fd, handle } = descriptorOf(options);
    const plan = {
        fd, handle, path: fd === null || (path !== undefined && path !== null) ? pathOf(path) : path, flags: options.flags ?? flags, mode: options.mode === undefined ? 0o666 : modeOf(options.mode),
        start: checkPlace(options.start, 'start'),
    };
    flagsOf(plan.flags);
    return { plan, options };
}

function construct(self, done) {
    if (typeof self.fd === 'number') {
        done();
        return;
    }
    core.start(core.open(self.path, flagsOf(self.flags), self.mode)).then((fd) => {
        self.fd = fd;
        done();
        self.emit('open', fd);
        self.emit('ready');
    }, done);
}

function close(self, error, done) {
    const { fd, handle } = self;
    self.fd = null;
    if (typeof fd !== 'number') {
        done(error);
    } else if (handle !== null) {
        handle.close().then(() => done(error), (failed) => done(error ?? failed));
    } else {
        try {
            core.close(fd);
        } catch (failed) {
            error ??= failed;
        }
        done(error);
    }
}

function attach(self, { signal }) {
    if (signal === undefined) return;
    const onAbort = () => self.destroy(abortError(signal));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
}

export class ReadStream extends Readable {
    constructor(path, given) {
        const { plan, options } = planOf(path, given, 'r');
        const { autoClose = true, emitClose = true, highWaterMark = READ_BYTES, encoding } = options;
        const end = options.end === undefined || options.end === Infinity ? Infinity : checkPlace(options.end, 'end');
        if (plan.start > end) throw outOfRange('start', `<= "end" (here: ${end})`, plan.start);
        super({ autoDestroy: autoClose, emitClose, highWaterMark, encoding: encoding ?? undefined });
        Object.assign(this, plan, { end, pos: plan.start ?? (end === Infinity ? null : 0), bytesRead: 0 });
        attach(this, options);
    }
    _construct(done) { construct(this, done); }
    _read(size) {
        const left = this.end === Infinity ? size : Math.min(size, this.end + 1 - (this.start ?? 0) - this.bytesRead);
        if (left <= 0) {
            this.push(null);
            return;
        }
        const buffer = Buffer.alloc(left);
        core.start(core.read(this.fd, buffer, this.pos)).then((count) => {
            this.bytesRead += count;
            if (this.pos !== null) this.pos += count;
            this.push(count === 0 ? null : buffer.subarray(0, count));
        }, (error) => this.destroy(error));
    }
    _destroy(error, done) { close(this, error, done); }
    close(callback) {
        if (typeof callback === 'function') finished(this, callback);
        this.destroy();
    }
    get pending() { return this.fd === null; }
}

export class WriteStream extends Writable {
    constructor(path, given) {
        const { plan, options } = planOf(path, given, 'w');
        const { autoClose = true, emitClose = true, highWaterMark, encoding } = options;
        super({ autoDestroy: autoClose, emitClose, ...(highWaterMark === undefined ? {} : { highWaterMark }), decodeStrings: true, defaultEncoding: encoding ?? 'utf8' });
        Object.assign(this, plan, { pos: plan.start ?? null, bytesWritten: 0 });
        attach(this, options);
    }
    _construct(done) { construct(this, done); }
    #send(steps, size, done) {
        core.start(steps).then(() => {
            this.bytesWritten += size;
            if (this.pos !== null) this.pos += size;
            done();
        }, done);
    }
    _write(chunk, encoding, done) { this.#send(core.write(this.fd, chunk, this.pos), chunk.length, done); }
    _writev(chunks, done) {
        const parts = chunks.map(({ chunk }) => chunk);
        this.#send(core.writev(this.fd, parts, this.pos), parts.reduce((sum, part) => sum + part.length, 0), done);
    }
    _destroy(error, done) { close(this, error, done); }
    close(callback) {
        if (typeof callback === 'function') finished(this, callback);
        if (!this.autoClose) this.on('finish', this.destroy);
        this.end();
    }
    get pending() { return this.fd === null; }
}
WriteStream.prototype.destroySoon = Writable.prototype.end;

// Node's are called with and without "new".
const callable = (Class) => new Proxy(Class, { apply: (target, self, args) => new target(...args) });
export const ReadStreamFunction = callable(ReadStream);
export const WriteStreamFunction = callable(WriteStream);
