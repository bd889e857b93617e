// Prints the JSON schema of types.ts, with what it was made from: node make.mjs, after npm ci (make grafana-schema does both).
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createGenerator } from 'ts-json-schema-generator';

const here = dirname(fileURLToPath(import.meta.url));
const read = (name) => readFileSync(join(here, name));
const locked = JSON.parse(read('package-lock.json')).packages;
const from = (name) => {
  const { version, license, integrity } = locked[`node_modules/${name}`];
  return { name, version, license, integrity };
};
const sha256 = (data) => createHash('sha256').update(data).digest('hex');
const asked = { path: join(here, 'types.ts'), type: 'Checked', topRef: false, expose: 'none', strictTuples: true };
const made = {
  types: from('@grafana/schema'),
  tool: from('ts-json-schema-generator'),
  inputs: Object.fromEntries(['make.mjs', 'package-lock.json', 'types.ts'].map((name) => [name, sha256(read(name))])),
};
// jsDoc none: the words of their comments stay theirs, what is wanted is the shape.
const schema = createGenerator({ ...asked, jsDoc: 'none', skipTypeCheck: false }).createSchema('Checked');
made.schema = sha256(JSON.stringify(schema));
process.stdout.write(`${JSON.stringify({ made, schema }, null, 1)}\n`);
