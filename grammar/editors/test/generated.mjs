// Compares `tree-sitter/grammar.js` with the `src/grammar.json` that `tree-sitter generate` wrote with the parser, so that
// a change of the grammar is not left without a new parser. Needs no Tree-sitter.

import { deepStrictEqual } from 'node:assert';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', 'tree-sitter');

function rule(value) {
  if (typeof value === 'string') {
    return { type: 'STRING', value };
  }
  if (value instanceof RegExp) {
    return { type: 'PATTERN', value: value.source, ...(value.flags && { flags: value.flags }) };
  }
  return value;
}

const members = type => (...rules) => ({ type, members: rules.map(rule) });
const around = type => content => ({ type, content: rule(content) });
const precedence = type => (...parts) => ({ type, value: parts.length > 1 ? parts[0] : 0, content: rule(parts.at(-1)) });

/** The words of the language in which grammars are written; those that this one uses. */
const words = {
  seq: members('SEQ'),
  choice: members('CHOICE'),
  repeat: around('REPEAT'),
  repeat1: around('REPEAT1'),
  optional: content => words.choice(content, { type: 'BLANK' }),
  prec: Object.assign(precedence('PREC'), { left: precedence('PREC_LEFT'), right: precedence('PREC_RIGHT') }),
  token: Object.assign(around('TOKEN'), { immediate: around('IMMEDIATE_TOKEN') }),
  field: (name, content) => ({ type: 'FIELD', name, content: rule(content) }),
  reserved: (context_name, content) => ({ type: 'RESERVED', content: rule(content), context_name }),
  alias: (content, to) => ({
    type: 'ALIAS', content: rule(content), named: typeof to !== 'string', value: typeof to === 'string' ? to : to.name,
  }),
  grammar,
};

function grammar({ name, word, extras, conflicts, reserved, supertypes, rules }) {
  const symbols = new Proxy({}, { get: (_, symbol) => ({ type: 'SYMBOL', name: symbol }) });
  const named = list => list.map(symbol => symbol.name);
  const all = (part, form) => Object.fromEntries(Object.entries(part).map(([key, value]) => [key, form(value(symbols))]));
  return {
    name,
    word: word(symbols).name,
    rules: all(rules, rule),
    extras: extras(symbols).map(rule),
    conflicts: conflicts(symbols).map(named),
    precedences: [],
    externals: [],
    inline: [],
    supertypes: named(supertypes(symbols)),
    reserved: all(reserved, list => list.map(rule)),
  };
}

Object.assign(globalThis, words);
const written = createRequire(import.meta.url)(join(folder, 'grammar.js'));
const { $schema, ...generated } = JSON.parse(readFileSync(join(folder, 'src', 'grammar.json')));
try {
  deepStrictEqual(written, generated);
  console.log(`${Object.keys(generated.rules).length} rules are those of the generated parser`);
} catch (error) {
  console.log(`FAILED: grammar.js was changed, and the parser was not generated again\n${error.message.slice(0, 2000)}`);
  process.exit(1);
}
