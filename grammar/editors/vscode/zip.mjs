// Writes zip archives: what a VSIX needs of the format.

import { crc32, deflateRawSync } from 'node:zlib';

/** The first day that the format knows. The same files give the same bytes. */
const DAY = (0 << 9) | (1 << 5) | 1;
const VERSION = 20;
const UTF8 = 1 << 11;
const DEFLATED = 8;

/** An archive of files, each with its name and its content. */
export function zip(files) {
  const parts = [];
  const directory = [];
  let offset = 0;
  for (const [name, content] of files) {
    const entry = describe(name, Buffer.from(content));
    const local = Buffer.concat([record('PK\x03\x04', [[VERSION, 2], ...entry.fields]), entry.name, entry.packed]);
    const attributes = [[0, 2], [0, 2], [0, 2], [0, 4], [offset, 4]];
    directory.push(record('PK\x01\x02', [[VERSION, 2], [VERSION, 2], ...entry.fields, ...attributes]), entry.name);
    parts.push(local);
    offset += local.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const count = files.length;
  const end = record('PK\x05\x06', [[0, 2], [0, 2], [count, 2], [count, 2], [size, 4], [offset, 4], [0, 2]]);
  return Buffer.concat([...parts, ...directory, end]);
}

function describe(path, content) {
  const name = Buffer.from(path);
  const packed = deflateRawSync(content, { level: 9 });
  const fields = [
    [UTF8, 2], [DEFLATED, 2], [0, 2], [DAY, 2], [crc32(content), 4], [packed.length, 4], [content.length, 4],
    [name.length, 2], [0, 2],
  ];
  return { name, packed, fields };
}

/** A signature, and numbers of so many bytes. */
function record(signature, fields) {
  const bytes = Buffer.alloc(4 + fields.reduce((sum, [, length]) => sum + length, 0));
  bytes.write(signature, 'latin1');
  let at = 4;
  for (const [value, length] of fields) {
    at = bytes.writeUIntLE(value, at, length);
  }
  return bytes;
}
