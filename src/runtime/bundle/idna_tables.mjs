// idna_tables.js: the data of tr46, without its code: which characters a domain may have, what they become, and the classes of the
// rules for bidirectional text and joiners. Returns {starts, statuses, mappings, <regular expressions>}.
import { createRequire } from 'node:module';
import path from 'node:path';

// Rows are sorted and leave no gap, so that where one starts says where the one before it ends.
function columns(table) {
    const result = { starts: [], statuses: [], mappings: [] };
    let next = 0;
    for (const [range, status, mapping] of table) {
        const [first, last] = Array.isArray(range) ? range : [range, range];
        if (first !== next) {
            throw new Error(`tr46's table has a gap before U+${first.toString(16)}`);
        }
        next = last + 1;
        result.starts.push(first);
        result.statuses.push(status);
        result.mappings.push(mapping ?? 0);
    }
    return result;
}

const ascii = (text) => text.replace(/[^\x20-\x7e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

export default async function bundle({ npm }) {
    const require = createRequire(path.join(npm, 'noop.js'));
    const { starts, statuses, mappings } = columns(require('tr46/lib/mappingTable.json'));
    const expressions = Object.entries(require('tr46/lib/regexes.js')).map(([name, re]) => `    ${name}: /${ascii(re.source)}/${re.flags},`);
    const text = `'use strict';
return {
    __proto__: null,
    starts: [${starts}],
    statuses: [${statuses}],
    mappings: ${ascii(JSON.stringify(mappings))},
${expressions.join('\n')}
};
`;
    return { text, assets: {} };
}
