import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FieldList } from '../../../../src/http2/index.ts';
import { unifyAuthority } from '../../../../src/http2/stream/authority.ts';
import { EngineBench } from '../../../support/http2/engine-bench.ts';
import { list } from '../../../support/http2/fields.ts';
import { block, headers } from '../../../support/http2/wire.ts';

const START = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/'],
] as const;

const text = (fields: FieldList): string[] =>
  Array.from({ length: fields.length }, (_, index) => `${fields.at(index).name.text} ${fields.at(index).valueText()}`);

describe('authority', () => {
  for (const [name, extra, wanted] of [
    ['H2-1.4-host: of a host alone', [['host', 'a.test:80']], [':authority a.test:80', ':method GET', ':scheme http', ':path /']],
    [
      'of both',
      [
        [':authority', 'a.test'],
        ['host', 'A.test'],
        ['x', 'y'],
      ],
      [':method GET', ':scheme http', ':path /', ':authority a.test', 'x y'],
    ],
    ['of itself alone', [[':authority', 'a.test']], [':method GET', ':scheme http', ':path /', ':authority a.test']],
    ['of an empty host', [['host', '']], [':method GET', ':scheme http', ':path /']],
    ['of neither', [], [':method GET', ':scheme http', ':path /']],
  ] as const) {
    it(`${name} is one field, in its place`, () => {
      const fields = list([...START, ...extra]);
      unifyAuthority(fields);
      assert.deepEqual(text(fields), wanted);
    });
  }

  it('is told with a request', () => {
    const seen: string[] = [];
    const bench = EngineBench.server({}, { onHeaders: (_, fields) => void seen.push(...text(fields)) });
    bench.recv(headers(1, block([...START, ['host', 'a.test']]), 5));
    assert.equal(seen[0], ':authority a.test');
  });
});
