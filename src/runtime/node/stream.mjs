// stream.mjs - node:stream: readable-stream, which is Node's own, with the bridges to the web's streams that it leaves out.
import base from 'readable-stream/lib/ours/index.js';
import { missing } from './errors.mjs';

export const {
    Readable, Writable, Duplex, Transform, PassThrough, Stream, pipeline, finished, addAbortSignal, compose, isDisturbed, isErrored, isReadable, destroy,
    promises, getDefaultHighWaterMark, setDefaultHighWaterMark,
} = base;

Readable.toWeb = (readable) => new ReadableStream({
    start(controller) {
        readable.pause();
        readable.on('data', (chunk) => {
            controller.enqueue(typeof chunk === 'string' ? new TextEncoder().encode(chunk) : new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
            if (controller.desiredSize <= 0) readable.pause();
        });
        readable.on('end', () => controller.close());
        readable.on('error', (error) => controller.error(error));
    },
    pull() { readable.resume(); },
    cancel(reason) { readable.destroy(reason); },
}, { highWaterMark: 1 });
Readable.fromWeb = (web, options) => Readable.from((async function* () { for await (const chunk of web) yield chunk; })(), { objectMode: false, ...options });
Writable.toWeb = (writable) => new WritableStream({
    write: (chunk) => new Promise((resolve, reject) => { writable.write(chunk, (error) => (error ? reject(error) : resolve())); }),
    close: () => new Promise((resolve, reject) => { writable.once('error', reject); writable.end(resolve); }),
    abort(reason) { writable.destroy(reason); },
});
Writable.fromWeb = (web, options) => {
    const writer = web.getWriter();
    return new Writable({
        ...options,
        write(chunk, encoding, done) { writer.write(chunk).then(() => done(), done); },
        final(done) { writer.close().then(() => done(), done); },
        destroy(error, done) { (error ? writer.abort(error) : Promise.resolve()).then(() => done(error), done); },
    });
};
Duplex.toWeb = missing('stream.Duplex.toWeb');
Duplex.fromWeb = missing('stream.Duplex.fromWeb');
export default Object.assign(base.Stream ?? base, base);
