// Compares the TextMate grammar with the semantic tokens of the language server, on every rule file and every block of
// rules in the pages: `node agreement.mjs PROGRAM`. Keywords, strings, comments, numbers and constants must be the same.

import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { LanguageServer } from './language_server.mjs';
import { classesByLine, loadGrammar } from './textmate.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const program = process.argv[2];

/** What the server's types are called here. Other types are names, which the grammar does not tell apart. */
const CLASSES = {
  keyword: 'keyword', string: 'string', comment: 'comment', number: 'number', enumMember: 'constant', regexp: 'regex',
};
const COMPARED = new Set(['keyword', 'string', 'comment', 'number', 'constant', 'regex']);

/** How many differences are printed. */
const SHOWN = 40;

function below(folder, ending) {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile() && entry.name.endsWith(ending))
    .map(entry => join(entry.parentPath ?? entry.path, entry.name))
    .filter(path => !path.includes('node_modules'))
    .sort();
}

/** Every rule file of the repository and every block of rules in its pages. */
function corpus() {
  const files = [...below('rules', '.rules'), ...below('tests', '.rules')];
  const texts = files.map(path => ({ name: relative(root, path), text: readFileSync(path, 'utf8') }));
  for (const path of [join(root, 'README.md'), ...below('grammar', '.md')]) {
    readFileSync(path, 'utf8').split('\n```').forEach((part, number) => {
      if (/^rules\b/.test(part)) {
        texts.push({ name: `${relative(root, path)}, block ${number}`, text: part.slice(part.indexOf('\n') + 1) + '\n' });
      }
    });
  }
  return texts;
}

/** Codes of what does not parse: there, both sides guess. */
const SYNTAX = /^E00[0-2]/;

/** The class of each UTF-16 unit of a line, by line, from the numbers of `textDocument/semanticTokens/full`. */
function decoded(text, data, types) {
  const lines = text.split(/\r?\n/).map(line => Array(line.length).fill('other'));
  let line = 0;
  let column = 0;
  for (let at = 0; at < data.length; at += 5) {
    const [down, right, length, type] = data.slice(at, at + 4);
    column = down > 0 ? right : column + right;
    line += down;
    lines[line].fill(CLASSES[types[type]] ?? 'other', column, column + length);
  }
  return lines;
}

/** Words and strings of a line at which the two differ. */
function differences(line, expected, found) {
  const compared = kind => (COMPARED.has(kind) ? kind : 'other');
  const own = kind => compared(kind === 'documentation' ? 'comment' : kind);
  const different = [];
  for (let at = 0; at < line.length; at += 1) {
    const here = expected[at] !== compared(own(found[at])) && /\S/.test(line[at]);
    const before = different.at(-1);
    if (here && before && before.end === at) {
      before.end = at + 1;
    } else if (here) {
      different.push({ start: at, end: at + 1, expected: expected[at], found: found[at] });
    }
  }
  return different;
}

const grammar = await loadGrammar();
const server = new LanguageServer(program);
const semanticTokens = { requests: { full: true }, tokenTypes: [], tokenModifiers: [], formats: ['relative'] };
const { capabilities } = await server.request('initialize', {
  processId: process.pid, rootUri: pathToFileURL(root).href, capabilities: { textDocument: { semanticTokens } },
});
server.notify('initialized', {});
const types = capabilities.semanticTokensProvider?.legend.tokenTypes;
if (!types) {
  console.log('SKIPPED: the server has no semantic tokens');
  await server.stop();
  process.exit(0);
}

/** What differs in a text; nothing if it does not parse. */
async function compare({ name, text }, number) {
  const folder = join(root, 'target', 'agreement', String(number));
  mkdirSync(folder, { recursive: true });
  const uri = pathToFileURL(join(folder, 'a.rules')).href;
  server.notify('textDocument/didOpen', { textDocument: { uri, languageId: 'pointsman', version: 1, text } });
  const { data } = await server.request('textDocument/semanticTokens/full', { textDocument: { uri } });
  server.notify('textDocument/didClose', { textDocument: { uri } });
  if (server.diagnostics.get(uri)?.some(({ code }) => SYNTAX.test(code))) {
    return { tokens: 0, found: [] };
  }
  const expected = decoded(text, data, types);
  const own = classesByLine(grammar, text);
  const found = text.split(/\r?\n/).flatMap((line, at) =>
    differences(line, expected[at], own[at]).map(({ start, end, ...kinds }) =>
      `${name}:${at + 1}: \`${line.slice(start, end)}\` is ${kinds.expected}, not ${kinds.found}`));
  return { tokens: data.length / 5, found };
}

let tokens = 0;
const found = [];
// Only a file that names its edition is one of Pointsman's.
for (const [number, text] of corpus().filter(({ text }) => /^(?:\s|#.*)*edition\s/.test(text)).entries()) {
  const compared = await compare(text, number);
  tokens += compared.tokens;
  found.push(...compared.found);
}
await server.stop();

found.slice(0, SHOWN).forEach(line => console.log(line));
console.log(`${tokens} tokens, ${found.length} differences`);
process.exit(found.length === 0 ? 0 : 1);
