// The extension: it starts `pointsman lsp` and shows the pages that the server's commands return.

const vscode = require('vscode');
const { LanguageClient } = require('vscode-languageclient/node');

/** Pages that commands returned, by their path. */
const pages = new Map();
const changed = new vscode.EventEmitter();
let client;

async function activate(context) {
  context.subscriptions.push(
    vscode.workspace.registerTextDocumentContentProvider('pointsman', { onDidChange: changed.event, provideTextDocumentContent }),
    vscode.commands.registerCommand('pointsman.restart', restart),
    vscode.workspace.onDidChangeConfiguration(event => event.affectsConfiguration('pointsman.path') && restart()),
  );
  await start();
}

async function deactivate() {
  await client?.dispose();
}

async function restart() {
  await client?.dispose();
  await start();
}

async function start() {
  const path = vscode.workspace.getConfiguration('pointsman').get('path', 'pointsman');
  client = new LanguageClient('pointsman', 'Pointsman', { command: path, args: ['lsp'] }, {
    documentSelector: [{ language: 'pointsman', scheme: 'file' }, { language: 'pointsman', scheme: 'untitled' }],
    initializationOptions: { showsPages: true },
    synchronize: { configurationSection: 'pointsman' },
    middleware: { executeCommand },
  });
  try {
    await client.start();
  } catch (error) {
    const settings = 'Open Settings';
    const chosen = await vscode.window.showErrorMessage(
      `Cannot start \`${path} lsp\`: ${error.message ?? error}. Install Pointsman, or set \`pointsman.path\`.`, settings,
    );
    if (chosen === settings) {
      await vscode.commands.executeCommand('workbench.action.openSettings', 'pointsman.path');
    }
  }
}

/** The server registers its commands. Chosen from the palette, they get the file, and the test at the cursor. */
async function executeCommand(command, parameters, next) {
  let result;
  try {
    result = await next(command, parameters.length > 0 ? parameters : [atCursor()]);
  } catch {
    return undefined; // The library has shown why.
  }
  if (typeof result?.markdown === 'string') {
    await showPage(`/codes/${result.code}.md`, result.markdown);
  } else if (typeof result?.failed === 'number') {
    await showTests(result);
  } else if (typeof result?.text === 'string') {
    await showPage(`/${command.split('.').at(-1)}.txt`, result.text);
  }
  return result;
}

function atCursor() {
  const editor = vscode.window.activeTextEditor;
  if (!editor) {
    return {};
  }
  const uri = client.code2ProtocolConverter.asUri(editor.document.uri);
  for (let line = editor.selection.active.line; line >= 0; line -= 1) {
    const head = /^(?:(test|prove)\s+("(?:[^"\\]|\\.)*")|[a-z])/.exec(editor.document.lineAt(line).text);
    if (head) {
      return head[1] ? { uri, test: JSON.parse(head[2]) } : { uri };
    }
  }
  return { uri };
}

async function showTests({ failed, text }) {
  if (failed === 0) {
    vscode.window.showInformationMessage(text);
  } else {
    await showPage('/tests.txt', text);
  }
}

async function showPage(path, text) {
  const uri = vscode.Uri.from({ scheme: 'pointsman', path });
  pages.set(path, text);
  changed.fire(uri);
  if (path.endsWith('.md')) {
    await vscode.commands.executeCommand('markdown.showPreviewToSide', uri);
  } else {
    await vscode.window.showTextDocument(uri, { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true, preview: true });
  }
}

/** A page that was shown before, or that of a code, to which diagnostics link. */
async function provideTextDocumentContent(uri) {
  const code = /^\/codes\/(\w+)\.md$/.exec(uri.path)?.[1];
  if (code && !pages.has(uri.path)) {
    const parameters = { command: 'pointsman.explain', arguments: [{ code }] };
    pages.set(uri.path, (await client.sendRequest('workspace/executeCommand', parameters)).markdown);
  }
  return pages.get(uri.path) ?? '';
}

module.exports = { activate, deactivate };
