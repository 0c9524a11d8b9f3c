import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PAGE = 'docs/http2-rules.md';
const ID = /H2-\d\.\d-[a-z]+(?:-[a-z]+)*/g;

const idsOf = (path: string): string[] => readFileSync(`${ROOT}${path}`, 'utf8').match(ID) ?? [];

/** A rule is the id that begins a row of a table. */
const rules = readFileSync(`${ROOT}${PAGE}`, 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| H2-'))
  .map((line) => line.match(ID)?.[0] ?? '');

const cited = new Set(globSync(['src/**/*.ts', 'test/**/*.ts'], { cwd: ROOT }).flatMap(idsOf));
const uncited = rules.filter((id) => !cited.has(id));
const twice = rules.filter((id, index) => rules.indexOf(id) !== index);
const unknown = [...cited].filter((id) => !rules.includes(id));

for (const [problem, ids] of [
  ['no code or test cites', uncited],
  ['stands twice', twice],
  ['is cited but stands in no row', unknown],
] as const) {
  for (const id of ids) {
    console.error(`${PAGE}: ${problem}: ${id}`);
  }
}
process.exitCode = uncited.length + twice.length + unknown.length === 0 && rules.length > 0 ? 0 : 1;
