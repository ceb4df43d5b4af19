// Reads texts with the TextMate grammar: which part has which of the classes that the language server tells apart.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import oniguruma from 'vscode-oniguruma';
import textmate from 'vscode-textmate';

const here = dirname(fileURLToPath(import.meta.url));
const grammarFile = join(here, '..', 'rules.tmLanguage.json');

/** The innermost scope decides, but a path has one class whatever stands in it. */
const CLASSES = [
  [/^string\.unquoted\.path/, 'path'],
  [/^string\.regexp/, 'regex'],
  [/^string\./, 'string'],
  [/^comment\.line\.documentation/, 'documentation'],
  [/^comment\./, 'comment'],
  [/^constant\.numeric/, 'number'],
  [/^constant\.(?:language|other)|^variable\.other\.enummember/, 'constant'],
  [/^keyword\.operator/, 'sign'],
  [/^keyword\./, 'keyword'],
  [/^(?:entity|variable)\./, 'name'],
];

export async function loadGrammar() {
  const wasm = createRequire(import.meta.url).resolve('vscode-oniguruma/release/onig.wasm');
  await oniguruma.loadWASM(readFileSync(wasm).buffer);
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: patterns => new oniguruma.OnigScanner(patterns),
      createOnigString: text => new oniguruma.OnigString(text),
    }),
    loadGrammar: async () => textmate.parseRawGrammar(readFileSync(grammarFile, 'utf8'), grammarFile),
  });
  return registry.loadGrammar('source.pointsman');
}

/** The class of each UTF-16 unit of a line, by line. */
export function classesByLine(grammar, text) {
  let state = textmate.INITIAL;
  return text.split(/\r?\n/).map(line => {
    const read = grammar.tokenizeLine(line, state);
    state = read.ruleStack;
    return read.tokens.flatMap(token => Array(token.endIndex - token.startIndex).fill(classOf(token.scopes)));
  });
}

function classOf(scopes) {
  const inside = scopes.slice(scopes.findLastIndex(scope => scope.startsWith('meta.interpolation')) + 1);
  const whole = inside.find(scope => /^string\.|^comment\./.test(scope));
  const name = whole ?? inside.findLast(scope => CLASSES.some(([form]) => form.test(scope)));
  return CLASSES.find(([form]) => name && form.test(name))?.[1] ?? 'sign';
}
