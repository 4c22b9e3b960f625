// rewriter.mjs - a document goes through: bytes in, handlers called, bytes out. html_rewriter.js has the class that a worker sees.
import { Encoding, stringsOf, toBinary, toBytes } from './content.mjs';
import { Scanner } from './scan.mjs';
import { Matcher } from './selector.mjs';
import { Comment, contentOf, Doctype, DocumentEnd, Element, EndTag, isVoid, newNameOf, newTextOf, StartTag, tagOf, Text, Wishes, wishesOf } from './tokens.mjs';

export { compile } from './selector.mjs';

const PIECE_BYTES_MAX = 65536; // of input at a time: its tokens are in memory together
const NONE = [];
const isThenable = (value) => typeof value === 'object' && value !== null && typeof value.then === 'function';

// The element that a selector is asked about; its parent counts children.
class Candidate {
    #tag;
    #counts;

    constructor(tag, counts) {
        this.#tag = tag;
        this.#counts = counts;
    }

    name() {
        return this.#tag.name;
    }

    attribute(key) {
        return this.#tag.attributes.find((one) => one.name === key)?.value ?? null;
    }

    place() {
        return this.#counts.all;
    }

    placeOfType() {
        return this.#counts.types.get(this.#tag.name);
    }
}

class Counts {
    all = 0;
    types = new Map();

    add(name) {
        this.all++;
        this.types.set(name, (this.types.get(name) ?? 0) + 1);
    }
}

// The text of a comment, or of what the standard makes one: <!x>, <?x>, </ x>.
function commentOf(raw) {
    if (raw.startsWith('<!--')) return raw.slice(4).replace(/(?:--!?>|^-?>)$/, '');
    return raw.slice(raw[1] === '?' ? 1 : 2).replace(/>$/, '');
}

// |rules|: [{selectors, isCounting, handlers: {element, text, comments}}] for elements, [{doctype, comments, text, end}] for the document, each function
// or undefined.
export class Rewriter {
    #encoding;
    #scanner = new Scanner();
    #rules;
    #documentHandlers;
    #matcher;
    #isCounting;
    #give;
    #out = '';
    #from = 0; // what of the source is before it was written or left out
    #hidden = 0; // open elements whose content is left out
    #open = []; // open elements: {name, left, counts, rules, isHiding, appended, after, endHandlers, newName, isTagRemoved}
    #names = new Map(); // how many of them have a name
    #top = { left: undefined, counts: new Counts() };
    #isInText = false;
    #rest = ''; // bytes of a character that may be completed

    constructor(rules, documentHandlers, label, give) {
        this.#encoding = new Encoding(label);
        this.#rules = rules.map((rule) => ({ ...rule, open: 0 }));
        this.#documentHandlers = documentHandlers;
        this.#matcher = new Matcher(this.#rules);
        this.#isCounting = rules.some((rule) => rule.isCounting);
        this.#give = give;
    }

    async write(bytes, wait) {
        for (let at = 0; at < bytes.length; at += PIECE_BYTES_MAX) {
            await this.#take(toBinary(bytes.subarray(at, at + PIECE_BYTES_MAX)), false);
            const pause = wait();
            if (pause !== null) await pause;
        }
    }

    async end() {
        await this.#take('', true);
        const wishes = new Wishes(this.#encoding);
        const end = new DocumentEnd(wishes);
        for (const handlers of this.#documentHandlers) {
            if (handlers.end !== undefined) await handlers.end.call(handlers.object, end);
        }
        wishes.isOver = true;
        this.#hidden = 0;
        await this.#put(wishes.before);
        this.#flush();
    }

    /* ---- out ------------------------------------------------------------------------------------------- */

    #flush() {
        if (this.#out !== '') {
            const bytes = toBytes(this.#out);
            this.#out = '';
            this.#give(bytes);
        }
    }

    #write(text) {
        if (this.#hidden === 0) this.#out += text;
    }

    // The source up to |to| as it came.
    #copy(to) {
        if (this.#hidden === 0 && to > this.#from) this.#out += this.#scanner.slice(this.#from, to);
        this.#from = to;
    }

    async #put(pieces) {
        for (const piece of pieces) {
            if (typeof piece.content === 'string') {
                this.#write(piece.content);
            } else if (this.#hidden > 0) {
                await piece.content.cancel();
            } else {
                for await (const text of stringsOf(piece, this.#encoding)) {
                    this.#out += text;
                    this.#flush();
                }
            }
        }
    }

    /* ---- in -------------------------------------------------------------------------------------------- */

    async #take(piece, isLast) {
        const tokens = this.#scanner.write(piece, isLast);
        for (const token of tokens) {
            const work = this.#handle(token);
            if (work !== undefined) await work;
        }
        if (isLast) {
            const work = this.#endText();
            if (work !== undefined) await work;
            this.#copy(this.#scanner.end);
        } else if (tokens.length > 0) {
            this.#copy(Math.max(this.#from, tokens.at(-1).end - this.#rest.length));
        }
        // A token that is not complete stays, and so does what a text handler has not seen yet.
        this.#scanner.drop(this.#from);
        this.#flush();
    }

    // Undefined, or a promise of when it is done.
    #handle(token) {
        if (token.kind === 'text') return this.#handleText(token);
        const work = this.#endText();
        if (work !== undefined) return work.then(() => this.#handleMarkup(token));
        return this.#handleMarkup(token);
    }

    #handleMarkup(token) {
        switch (token.kind) {
            case 'start': return this.#handleStart(token);
            case 'end': return this.#handleEnd(token);
            case 'comment': return this.#handleComment(token);
            default: return this.#handleDoctype(token);
        }
    }

    // The handlers of |kind| that the place where we are is under.
    #handlersOf(kind) {
        const found = [];
        for (const handlers of this.#documentHandlers) {
            if (handlers[kind] !== undefined) found.push(handlers);
        }
        for (const { open, handlers } of this.#rules) {
            if (open > 0 && handlers[kind] !== undefined) found.push(handlers);
        }
        return found;
    }

    // Calls the handlers with |part|, then writes what they want: |unchanged|() copies it.
    async #call(handlers, kind, part, write) {
        for (const one of handlers) {
            const result = one[kind].call(one.object, part);
            if (isThenable(result)) await result;
        }
        const wishes = wishesOf(part);
        wishes.isOver = true;
        await this.#put(wishes.before);
        if (wishes.isRemoved) await this.#put(wishes.instead);
        else write();
        await this.#put(wishes.after);
    }

    /* ---- text ------------------------------------------------------------------------------------------ */

    #handleText({ start, end }) {
        const handlers = this.#handlersOf('text');
        if (handlers.length === 0) return undefined;
        this.#isInText = true;
        if (this.#from + this.#rest.length !== start) this.#rest = ''; // something that is no text stands between
        this.#copy(start - this.#rest.length);
        const raw = this.#rest + this.#scanner.slice(start, end);
        const length = this.#encoding.cut(raw);
        this.#rest = raw.slice(length);
        return length === 0 ? undefined : this.#callText(handlers, raw.slice(0, length), false);
    }

    // The source of |raw| comes next.
    #callText(handlers, raw, isLast) {
        const to = this.#from + raw.length;
        return this.#call(handlers, 'text', new Text(this.#encoding, this.#encoding.decode(raw), isLast), () => this.#copy(to)).then(() => {
            this.#from = to;
        });
    }

    // Behind a text that handlers heard of comes an empty piece, which says so.
    #endText() {
        if (!this.#isInText) return undefined;
        this.#isInText = false;
        const rest = this.#rest;
        this.#rest = '';
        return this.#callText(this.#handlersOf('text'), rest, true);
    }

    /* ---- elements -------------------------------------------------------------------------------------- */

    #handleStart(token) {
        if (this.#rules.length === 0) return undefined;
        const tag = new StartTag(this.#encoding, token);
        const parent = this.#open.at(-1) ?? this.#top;
        if (this.#isCounting) parent.counts.add(tag.name);
        const { matched, left } = this.#matcher.match(new Candidate(tag, parent.counts), parent.left);
        const frame = isVoid(token, tag.name) ? null : { name: tag.name, left, counts: this.#isCounting ? new Counts() : null, rules: matched, isHiding: false, end: null };
        if (frame !== null) {
            this.#open.push(frame);
            this.#names.set(tag.name, (this.#names.get(tag.name) ?? 0) + 1);
        }
        const handlers = matched.length === 0 ? NONE : this.#rules.filter((rule) => matched.includes(rule) && rule.handlers.element !== undefined).map((rule) => rule.handlers);
        if (handlers.length > 0) return this.#callElement(handlers, tag, frame);
        this.#enter(frame);
        return undefined;
    }

    #enter(frame) {
        for (const rule of frame?.rules ?? []) rule.open++;
    }

    async #callElement(handlers, tag, frame) {
        const { start, end } = tag.token;
        const element = new Element(this.#encoding, tag);
        for (const one of handlers) {
            const result = one.element.call(one.object, element);
            if (isThenable(result)) await result;
        }
        const wishes = wishesOf(element);
        wishes.isOver = true;
        const content = contentOf(element);
        this.#copy(start);
        await this.#put(wishes.before);
        await this.#put(wishes.instead);
        const changed = tagOf(element);
        if (!content.isTagRemoved && changed === null) this.#copy(end);
        else if (!content.isTagRemoved) this.#write(changed);
        this.#from = end;
        if (frame === null) {
            await this.#put(wishes.after);
            return;
        }
        await this.#put(content.prepended);
        frame.end = { ...content, after: wishes.after };
        if (content.isContentRemoved) {
            frame.isHiding = true;
            this.#hidden++;
        }
        this.#enter(frame);
    }

    #leave(frame) {
        for (const rule of frame.rules) rule.open--;
        if (frame.isHiding) {
            this.#hidden--;
            frame.isHiding = false;
        }
        this.#names.set(frame.name, this.#names.get(frame.name) - 1);
    }

    #handleEnd(token) {
        const { name } = token;
        if (!((this.#names.get(name) ?? 0) > 0)) return undefined;
        // What was left open inside ends here too, without an end tag of its own.
        for (;;) {
            const frame = this.#open.pop();
            if (frame.name === name) return frame.end === null ? this.#leave(frame) : this.#callEnd(frame, token);
            if (frame.isHiding) this.#copy(token.start);
            this.#leave(frame);
        }
    }

    async #callEnd(frame, token) {
        const { appended, after, endHandlers, isTagRemoved, name: newName } = frame.end;
        this.#copy(token.start);
        this.#leave(frame);
        await this.#put(appended);
        const tag = new EndTag(this.#encoding, newName ?? frame.name);
        const wishes = wishesOf(tag);
        wishes.isRemoved = isTagRemoved;
        for (const handler of endHandlers) {
            const result = handler(tag);
            if (isThenable(result)) await result;
        }
        wishes.isOver = true;
        await this.#put(wishes.before);
        const changed = newNameOf(tag) ?? newName;
        if (wishes.isRemoved) await this.#put(wishes.instead);
        else this.#write(changed === null ? this.#scanner.slice(token.start, token.end) : `</${this.#encoding.encode(changed)}>`);
        this.#from = token.end;
        await this.#put(wishes.after);
        await this.#put(after);
    }

    /* ---- comments and the doctype ------------------------------------------------------------------------ */

    #handleComment({ start, end }) {
        const handlers = this.#handlersOf('comments');
        if (handlers.length === 0) return undefined;
        this.#copy(start);
        const comment = new Comment(this.#encoding, this.#encoding.decode(commentOf(this.#scanner.slice(start, end))));
        return this.#call(handlers, 'comments', comment, () => {
            const text = newTextOf(comment);
            if (text === null) this.#copy(end);
            else this.#write(`<!--${this.#encoding.encode(text)}-->`);
        }).then(() => {
            this.#from = end;
        });
    }

    async #handleDoctype({ name, publicId, systemId }) {
        const decode = (text) => (text === null ? null : this.#encoding.decode(text));
        const doctype = new Doctype(decode(name), decode(publicId), decode(systemId));
        for (const handlers of this.#documentHandlers) {
            if (handlers.doctype !== undefined) await handlers.doctype.call(handlers.object, doctype);
        }
    }
}
