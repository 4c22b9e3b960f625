// references.mjs - stands in for entities/decode in parse5's tokenizer: no character reference is one here, as a rewriter shows a
// document's text as it is written. That saves the table of their names, and a text ends where a piece of the document does.
export const DecodingMode = { Legacy: 0, Strict: 1, Attribute: 2 };

export class HtmlEntityDecoder {
    startEntity() {}

    write() {
        return 0;
    }

    end() {
        return 0;
    }
}
