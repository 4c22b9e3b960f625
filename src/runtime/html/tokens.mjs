// tokens.mjs - what handlers are given: an element, a text, a comment, ... of the document, and what they want done with it.
// https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/
/* global primordials */
import { escapeAttribute, lower, pieceOf } from './content.mjs';
import { attributesOf } from './scan.mjs';

const { realm } = primordials;

const VOID = new Set(('area base basefont bgsound br col embed frame hr img input keygen link meta param source track wbr').split(' '));
const HTML = 'http://www.w3.org/1999/xhtml';

const ESI = new Set(['esi:include', 'esi:comment']);
const treatsEsiAsVoid = () => realm.scope.flags.includes('"html_rewriter_treats_esi_include_as_void_tag"');

// An element that has no end tag.
export const isVoid = (token, name) => (token.namespaceURI === HTML ? VOID.has(name) || (ESI.has(name) && treatsEsiAsVoid()) : token.isSelfClosing);

function requireName(name, what, forbidden) {
    if (name === '') throw new TypeError(`${what} name can't be empty.`);
    const bad = forbidden.exec(name);
    if (bad !== null) throw new TypeError(`\`${bad[0]}\` character is forbidden in the ${what.toLowerCase()} name`);
    return name;
}

function requireTagName(name) {
    requireName(name, 'Tag', /[ \n\r\t\f/>]/);
    if (!/^[A-Za-z]/.test(name)) throw new TypeError('The first character of the tag name should be an ASCII alphabetical character.');
    return name;
}

/* ---- what all have ------------------------------------------------------------------------------- */

// What a handler asked for: things before and after the token, things in its place.
class Wishes {
    isOver = false; // its handlers have run
    isRemoved = false;
    before = [];
    after = [];
    instead = [];

    constructor(encoding) {
        this.encoding = encoding;
    }

    check() {
        if (this.isOver) throw new TypeError('This content token is no longer valid. Content tokens are only valid during the execution of the relevant content handler.');
    }

    piece(content, options) {
        this.check();
        return pieceOf(content, options, this.encoding);
    }
}

// The Wishes of a token: of the rewriter, not of the interface.
export let wishesOf;

class Token {
    #wishes;

    constructor(encoding) {
        this.#wishes = new Wishes(encoding);
    }

    static {
        wishesOf = (token) => token.#wishes;
    }

    get removed() {
        this.#wishes.check();
        return this.#wishes.isRemoved;
    }

    before(content, options = undefined) {
        this.#wishes.before.push(this.#wishes.piece(content, options));
        return this;
    }

    after(content, options = undefined) {
        this.#wishes.after.unshift(this.#wishes.piece(content, options));
        return this;
    }

    replace(content, options = undefined) {
        this.#wishes.instead = [this.#wishes.piece(content, options)];
        this.#wishes.isRemoved = true;
        return this;
    }

    remove() {
        this.#wishes.check();
        this.#wishes.isRemoved = true;
        return this;
    }
}

const name = (constructor, text) => Object.defineProperty(constructor.prototype, Symbol.toStringTag, { value: text, configurable: true });

/* ---- text, comments, the doctype, the end ----------------------------------------------------------- */

class Text extends Token {
    #text;
    #isLast;

    constructor(encoding, text, isLast) {
        super(encoding);
        this.#text = text;
        this.#isLast = isLast;
    }

    get text() {
        wishesOf(this).check();
        return this.#text;
    }

    get lastInTextNode() {
        wishesOf(this).check();
        return this.#isLast;
    }
}
name(Text, 'Text');

export let newTextOf; // what a comment's handlers made of it, or null

class Comment extends Token {
    #text;
    #isChanged = false;

    constructor(encoding, text) {
        super(encoding);
        this.#text = text;
    }

    static {
        newTextOf = (comment) => (comment.#isChanged ? comment.#text : null);
    }

    get text() {
        wishesOf(this).check();
        return this.#text;
    }

    set text(value) {
        wishesOf(this).check();
        const text = `${value}`;
        if (/-->|--!>|^-?>/.test(text)) throw new TypeError("Comment text shouldn't contain comment closing sequence (`-->`).");
        this.#text = text;
        this.#isChanged = true;
    }
}
name(Comment, 'Comment');

class Doctype {
    #name;
    #publicId;
    #systemId;

    constructor(named, publicId, systemId) {
        this.#name = named;
        this.#publicId = publicId;
        this.#systemId = systemId;
    }

    get name() {
        return this.#name;
    }

    get publicId() {
        return this.#publicId;
    }

    get systemId() {
        return this.#systemId;
    }
}
name(Doctype, 'Doctype');

class DocumentEnd {
    #wishes;

    constructor(wishes) {
        this.#wishes = wishes;
    }

    append(content, options = undefined) {
        this.#wishes.before.push(this.#wishes.piece(content, options));
        return this;
    }
}
name(DocumentEnd, 'DocumentEnd');

class EndTag extends Token {
    #name;
    #isChanged = false;

    constructor(encoding, text) {
        super(encoding);
        this.#name = text;
    }

    static {
        newNameOf = (tag) => (tag.#isChanged ? tag.#name : null);
    }

    get name() {
        wishesOf(this).check();
        return this.#name;
    }

    set name(value) {
        wishesOf(this).check();
        this.#name = requireTagName(`${value}`);
        this.#isChanged = true;
    }
}
export let newNameOf;
name(EndTag, 'EndTag');

/* ---- elements ------------------------------------------------------------------------------------------ */

// A start tag as it stands in the source.
export class StartTag {
    #encoding;
    #attributes = null; // [{name, value, raw}]

    constructor(encoding, token) {
        this.#encoding = encoding;
        this.token = token;
        this.name = token.name;
        this.nameRaw = token.nameRaw;
    }

    get attributes() {
        this.#attributes ??= attributesOf(this.token.raw).map(({ name, value, raw }) => ({ name: this.#encoding.decode(name), value: this.#encoding.decode(value), raw }));
        return this.#attributes;
    }

    // What is changed no longer stands in the source.
    detach() {
        this.#attributes = [...this.attributes];
        return this.#attributes;
    }
}

export let tagOf; // of an element whose tag was changed: its text; else null
export let contentOf; // what goes into an element, and into and behind its end tag

class Element extends Token {
    #tag;
    #canHaveContent;
    #name = null; // a new one
    #attributes = null; // a copy, once one was changed
    #isTagRemoved = false;
    #isContentRemoved = false;
    #prepended = [];
    #appended = [];
    #endHandlers = [];

    constructor(encoding, tag) {
        super(encoding);
        this.#tag = tag;
        this.#canHaveContent = !isVoid(tag.token, tag.name);
    }

    static {
        tagOf = (element) => {
            if (element.#name === null && element.#attributes === null) return null;
            const { encoding } = wishesOf(element);
            const attributes = (element.#attributes ?? element.#tag.attributes).map(({ raw }) => ` ${raw}`).join('');
            return `<${element.#name === null ? element.#tag.nameRaw : encoding.encode(element.#name)}${attributes}${element.#tag.token.isSelfClosing ? ' /' : ''}>`;
        };
        contentOf = (element) => ({
            name: element.#name, isTagRemoved: element.#isTagRemoved, isContentRemoved: element.#isContentRemoved,
            prepended: element.#prepended, appended: element.#appended, endHandlers: element.#endHandlers,
        });
    }

    get tagName() {
        wishesOf(this).check();
        return this.#name === null ? wishesOf(this).encoding.decode(this.#tag.name) : lower(this.#name);
    }

    set tagName(value) {
        wishesOf(this).check();
        this.#name = requireTagName(`${value}`);
    }

    get namespaceURI() {
        wishesOf(this).check();
        return this.#tag.token.namespaceURI;
    }

    get attributes() {
        wishesOf(this).check();
        return this.#list().map((one) => [one.name, one.value])[Symbol.iterator]();
    }

    #list() {
        return this.#attributes ?? this.#tag.attributes;
    }

    #find(key) {
        wishesOf(this).check();
        const wanted = lower(`${key}`);
        return this.#list().find((one) => one.name === wanted);
    }

    getAttribute(key) {
        return this.#find(key)?.value ?? null;
    }

    hasAttribute(key) {
        return this.#find(key) !== undefined;
    }

    setAttribute(key, value) {
        const { encoding } = wishesOf(this);
        const found = this.#find(key);
        const wanted = requireName(lower(`${key}`), 'Attribute', /[ \n\r\t\f/>=]/);
        const text = `${value}`;
        const made = { name: wanted, value: text, raw: `${encoding.encode(wanted)}="${encoding.encode(escapeAttribute(text))}"` };
        this.#attributes ??= this.#tag.detach();
        if (found === undefined) this.#attributes.push(made);
        else this.#attributes[this.#attributes.indexOf(found)] = made;
        return this;
    }

    removeAttribute(key) {
        const found = this.#find(key);
        if (found !== undefined) {
            this.#attributes ??= this.#tag.detach();
            this.#attributes.splice(this.#attributes.indexOf(found), 1);
        }
        return this;
    }

    prepend(content, options = undefined) {
        const piece = wishesOf(this).piece(content, options);
        if (this.#canHaveContent) this.#prepended.unshift(piece);
        return this;
    }

    append(content, options = undefined) {
        const piece = wishesOf(this).piece(content, options);
        if (this.#canHaveContent) this.#appended.push(piece);
        return this;
    }

    setInnerContent(content, options = undefined) {
        const piece = wishesOf(this).piece(content, options);
        if (this.#canHaveContent) {
            this.#prepended = [piece];
            this.#appended = [];
            this.#isContentRemoved = true;
        }
        return this;
    }

    replace(content, options = undefined) {
        super.replace(content, options);
        this.#removeAll();
        return this;
    }

    remove() {
        super.remove();
        this.#removeAll();
        return this;
    }

    removeAndKeepContent() {
        super.remove();
        this.#isTagRemoved = true;
        return this;
    }

    #removeAll() {
        this.#isTagRemoved = true;
        this.#isContentRemoved = this.#canHaveContent;
        this.#prepended = [];
        this.#appended = [];
    }

    onEndTag(handler) {
        wishesOf(this).check();
        if (typeof handler !== 'function') throw new TypeError("Failed to execute 'onEndTag' on 'Element': the handler is not a function.");
        if (!this.#canHaveContent) throw new TypeError('Parser error: No end tag.');
        this.#endHandlers.push(handler);
    }
}
name(Element, 'Element');

export { Comment, Doctype, DocumentEnd, Element, EndTag, Text, Wishes };
