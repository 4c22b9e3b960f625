// iterators: the iterator objects of Headers, URLSearchParams and FormData ("pair iterators").
//
// Spec:  https://webidl.spec.whatwg.org/#js-iterable
// Covers / differs:  all
// Ops:   none
// WPT:   headers-basic, urlsearchparams-foreach and the like
// Limits: none

'use strict';

const { IteratorPrototype, ObjectDefineProperty, ObjectSetPrototypeOf, ReflectApply, SymbolIterator, realm } = primordials;
const { webidl } = realm;

// Gives |constructor| entries, keys, values, forEach and Symbol.iterator. pairs(object) throws on a foreign object and returns
// [name, value, name, value ...]; it is asked again for each step, so that changes under way are seen.
realm.addPairIteration = (constructor, tagName, pairs) => {
    class PairIterator {
        #target;
        #kind;
        #index = 0;

        constructor(target, kind) {
            this.#target = target;
            this.#kind = kind;
        }

        next() {
            const list = pairs(this.#target);
            const at = this.#index * 2;
            if (at >= list.length) {
                return { value: undefined, done: true };
            }
            this.#index++;
            const kind = this.#kind;
            return { value: kind === 0 ? list[at] : kind === 1 ? list[at + 1] : [list[at], list[at + 1]], done: false };
        }
    }
    delete PairIterator.prototype.constructor;
    ObjectSetPrototypeOf(PairIterator.prototype, IteratorPrototype);
    webidl.finish(PairIterator, `${tagName} Iterator`);

    const methods = {
        __proto__: null,
        entries: {
            entries() {
                pairs(this);
                return new PairIterator(this, 2);
            },
        }.entries,
        forEach: {
            forEach(callback, thisArg = undefined) {
                let list = pairs(this);
                webidl.requireArguments(arguments.length, 1, `Failed to execute 'forEach' on '${tagName}'`);
                webidl.callback(callback, `Failed to execute 'forEach' on '${tagName}'`);
                for (let i = 0; i < list.length; i += 2) {
                    ReflectApply(callback, thisArg, [list[i + 1], list[i], this]);
                    list = pairs(this);
                }
            },
        }.forEach,
        keys: {
            keys() {
                pairs(this);
                return new PairIterator(this, 0);
            },
        }.keys,
        values: {
            values() {
                pairs(this);
                return new PairIterator(this, 1);
            },
        }.values,
    };
    const { prototype } = constructor;
    for (const name in methods) {
        ObjectDefineProperty(prototype, name, {
            __proto__: null, value: methods[name], writable: true, enumerable: true, configurable: true,
        });
    }
    ObjectDefineProperty(prototype, SymbolIterator, {
        __proto__: null, value: methods.entries, writable: true, enumerable: false, configurable: true,
    });
};
