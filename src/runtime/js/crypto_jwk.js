// JSON Web Keys: what a worker gives, what it gets, and the JSON of a wrapped one.
//
// Spec:  https://w3c.github.io/webcrypto/#JsonWebKey-dictionary
// Covers / differs:  all; RSA keys of more than two primes are refused
// Ops:   none
// WPT:   WebCryptoAPI/import_export, WebCryptoAPI/wrapKey_unwrapKey
// Limits: none

'use strict';

const {
    ArrayIsArray, JSONParse, List, ObjectPrototypeHasOwnProperty, StringPrototypeCharCodeAt, TypedArrayPrototypeGetLength,
    Uint8Array, defineValue, realm,
} = primordials;
const { webidl } = realm;
const { contains } = internals.lazy('crypto_registry.js');
const { utf8Decode, utf8Encode } = internals;

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

// The dictionary's members in Web IDL's order; all are strings but those three.
const MEMBERS = [
    'alg', 'crv', 'd', 'dp', 'dq', 'e', 'ext', 'k', 'key_ops', 'kty', 'n', 'oth', 'p', 'priv', 'pub', 'q', 'qi', 'use', 'x', 'y',
];

function dataError(what) {
    return realm.domException(what, 'DataError');
}

function encode(bytes) {
    const size = TypedArrayPrototypeGetLength(bytes);
    let text = '';
    let at = 0;
    for (; at + 2 < size; at += 3) {
        const three = bytes[at] << 16 | bytes[at + 1] << 8 | bytes[at + 2];
        text += ALPHABET[three >> 18] + ALPHABET[three >> 12 & 63] + ALPHABET[three >> 6 & 63] + ALPHABET[three & 63];
    }
    if (at + 1 === size) {
        text += ALPHABET[bytes[at] >> 2] + ALPHABET[bytes[at] << 4 & 63];
    } else if (at + 2 === size) {
        const two = bytes[at] << 8 | bytes[at + 1];
        text += ALPHABET[two >> 10] + ALPHABET[two >> 4 & 63] + ALPHABET[two << 2 & 63];
    }
    return text;
}

function sextet(c) {
    if (c >= 97) {
        return c <= 122 ? c - 71 : -1;
    }
    if (c >= 65) {
        return c <= 90 ? c - 65 : c === 95 ? 63 : -1;
    }
    return c >= 48 && c <= 57 ? c + 4 : c === 45 ? 62 : -1;
}

// The bytes of member |name|; a DataError when it is absent or no base64url without padding.
function decode(jwk, name) {
    const text = jwk[name];
    if (text === undefined) {
        throw dataError(`The JWK has no "${name}".`);
    }
    const rest = text.length % 4;
    const bytes = new Uint8Array((text.length - rest) / 4 * 3 + (rest > 1 ? rest - 1 : 0));
    let bits = 0;
    let count = 0;
    let at = 0;
    for (let i = 0; i < text.length; i++) {
        const value = sextet(StringPrototypeCharCodeAt(text, i));
        if (value < 0) {
            throw dataError(`The JWK's "${name}" is not base64url.`);
        }
        bits = (bits << 6 | value) & 0xffff;
        count += 6;
        if (count >= 8) {
            count -= 8;
            bytes[at++] = bits >> count & 0xff;
        }
    }
    if (rest === 1 || (bits & (1 << count) - 1) !== 0) {
        throw dataError(`The JWK's "${name}" is not base64url.`);
    }
    return bytes;
}

// JsonWebKey, the dictionary of Web IDL, as a record of ours.
function fromObject(value) {
    const jwk = { __proto__: null };
    if (value === undefined || value === null) {
        return jwk;
    }
    for (let i = 0; i < MEMBERS.length; i++) {
        const name = MEMBERS[i];
        const member = value[name];
        if (member === undefined) {
            continue;
        }
        if (name === 'ext') {
            jwk.ext = !!member;
        } else if (name === 'key_ops') {
            jwk.key_ops = webidl.sequenceOf(member, webidl.domString, 'JsonWebKey: key_ops');
        } else if (name === 'oth') {
            webidl.sequenceOf(member, (item) => webidl.dictionary(item, 'JsonWebKey: oth'), 'JsonWebKey: oth');
            jwk.oth = true;
        } else {
            jwk[name] = webidl.domString(member);
        }
    }
    return jwk;
}

function textMember(name, member) {
    if (typeof member !== 'string') {
        throw dataError(`The JWK's "${name}" is not a string.`);
    }
    return member;
}

// The same of the JSON in |bytes|; nothing that a worker put on a prototype takes part.
function fromJson(bytes) {
    let object;
    try {
        object = JSONParse(utf8Decode(bytes, false, false));
    } catch {
        throw dataError('The unwrapped key is not JSON.');
    }
    if (typeof object !== 'object' || object === null) {
        throw dataError('The unwrapped key is not a JSON object.');
    }
    const jwk = { __proto__: null };
    for (let i = 0; i < MEMBERS.length; i++) {
        const name = MEMBERS[i];
        if (!ObjectPrototypeHasOwnProperty(object, name)) {
            continue;
        }
        const member = object[name];
        if (name === 'ext') {
            jwk.ext = !!member;
        } else if (name === 'key_ops') {
            if (!ArrayIsArray(member)) {
                throw dataError('The JWK\'s "key_ops" is not an array.');
            }
            jwk.key_ops = List();
            for (let k = 0; k < member.length; k++) {
                jwk.key_ops[k] = textMember(name, member[k]);
            }
        } else if (name === 'oth') {
            jwk.oth = true;
        } else {
            jwk[name] = textMember(name, member);
        }
    }
    if (jwk.kty === undefined) {
        throw dataError('The unwrapped key has no "kty".');
    }
    return jwk;
}

function hasDuplicates(list) {
    for (let i = 0; i < list.length; i++) {
        for (let k = 0; k < i; k++) {
            if (list[i] === list[k]) {
                return true;
            }
        }
    }
    return false;
}

// What every algorithm asks of a JWK. |use| is what its "use" must be where it has one.
function check(jwk, kty, use, extractable, usages) {
    if (jwk.kty !== kty) {
        throw dataError(`The JWK's "kty" is not "${kty}".`);
    }
    if (usages.length > 0 && jwk.use !== undefined && jwk.use !== use) {
        throw dataError(`The JWK's "use" is not "${use}".`);
    }
    if (jwk.key_ops !== undefined) {
        if (hasDuplicates(jwk.key_ops)) {
            throw dataError('The JWK\'s "key_ops" has an operation twice.');
        }
        for (let i = 0; i < usages.length; i++) {
            if (!contains(jwk.key_ops, usages[i])) {
                throw dataError(`The JWK's "key_ops" has no "${usages[i]}".`);
            }
        }
    }
    if (jwk.ext === false && extractable) {
        throw dataError('The JWK\'s "ext" is false, but the key is to be extractable.');
    }
}

// A secret key as a JWK.
function ofSecret(record, alg) {
    return { __proto__: null, kty: 'oct', k: encode(record.data), alg, key_ops: record.usages, ext: record.extractable };
}

// A record of ours as the object that a worker gets.
function toObject(jwk) {
    const object = {};
    for (const name in jwk) {
        let value = jwk[name];
        if (name === 'key_ops') {
            value = [];
            for (let i = 0; i < jwk.key_ops.length; i++) {
                defineValue(value, i, jwk.key_ops[i], true);
            }
        }
        defineValue(object, name, value, true);
    }
    return object;
}

// As UTF-8. All strings in it are ours and need no escapes.
function toJson(jwk) {
    let text = '';
    for (const name in jwk) {
        const value = jwk[name];
        text += `${text === '' ? '{' : ','}"${name}":`;
        if (name === 'key_ops') {
            let items = '';
            for (let i = 0; i < value.length; i++) {
                items += `${i > 0 ? ',' : ''}"${value[i]}"`;
            }
            text += `[${items}]`;
        } else {
            text += typeof value === 'boolean' ? `${value}` : `"${value}"`;
        }
    }
    return utf8Encode(`${text}}`);
}

return { __proto__: null, encode, decode, fromObject, fromJson, check, dataError, ofSecret, toObject, toJson };
