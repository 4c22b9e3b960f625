// stream_more.mjs - node:stream/consumers and node:stream/web.
import { Buffer } from './buffer.mjs';

export const consumers = {
    buffer: async (source) => { const parts = []; for await (const part of source) parts.push(Buffer.from(part)); return Buffer.concat(parts); },
    text: async (source) => (await consumers.buffer(source)).toString(),
    json: async (source) => JSON.parse(await consumers.text(source)),
    arrayBuffer: async (source) => new Uint8Array(await consumers.buffer(source)).buffer,
    blob: async (source) => new Blob([await consumers.buffer(source)]),
};
export const web = {
    ReadableStream, ReadableStreamDefaultReader, ReadableStreamBYOBReader, WritableStream, WritableStreamDefaultWriter, TransformStream, ByteLengthQueuingStrategy, CountQueuingStrategy,
    TextEncoderStream, TextDecoderStream, CompressionStream, DecompressionStream,
};
