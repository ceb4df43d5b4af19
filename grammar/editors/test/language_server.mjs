// A client of `pointsman lsp` for tests: it sends requests and waits for their answers.

import { spawn } from 'node:child_process';

export class LanguageServer {
  #process;
  #waiting = new Map();
  #received = Buffer.alloc(0);
  #requests = 0;

  /** The newest diagnostics of each file, by URI. */
  diagnostics = new Map();

  constructor(program) {
    this.#process = spawn(program, ['lsp'], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#process.stdout.on('data', bytes => this.#read(bytes));
    this.#process.on('error', error => { throw error; });
    this.#process.on('exit', code => {
      this.#waiting.forEach(({ reject }) => reject(new Error(`the server ended with code ${code}`)));
    });
  }

  request(method, params) {
    const id = ++this.#requests;
    this.#send({ id, method, params });
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  notify(method, params) {
    this.#send({ method, params });
  }

  async stop() {
    await this.request('shutdown', null);
    this.notify('exit', null);
  }

  #send(message) {
    const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message }));
    this.#process.stdin.write(`Content-Length: ${body.length}\r\n\r\n`);
    this.#process.stdin.write(body);
  }

  #read(bytes) {
    this.#received = Buffer.concat([this.#received, bytes]);
    for (;;) {
      const head = this.#received.indexOf('\r\n\r\n');
      const length = Number(/Content-Length: (\d+)/i.exec(this.#received.subarray(0, Math.max(head, 0)))?.[1]);
      if (head < 0 || this.#received.length < head + 4 + length) {
        return;
      }
      const message = JSON.parse(this.#received.subarray(head + 4, head + 4 + length));
      this.#received = this.#received.subarray(head + 4 + length);
      this.#answered(message);
    }
  }

  /** An answer of the server, diagnostics, or a request of its own, which gets an empty answer. */
  #answered(message) {
    if (message.method === 'textDocument/publishDiagnostics') {
      this.diagnostics.set(message.params.uri, message.params.diagnostics);
    } else if (message.method !== undefined) {
      if (message.id !== undefined) {
        this.#send({ id: message.id, result: null });
      }
    } else {
      this.#settle(message);
    }
  }

  #settle(message) {
    const { resolve, reject } = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.error) {
      reject(new Error(message.error.message));
    } else {
      resolve(message.result);
    }
  }
}
