import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { AdminAccess } from '../../../src/http/admin-access.ts';
import { BearerToken, MAX_TOKEN_FILE_BYTES, TOKEN_FRESH_MS } from '../../../src/http/bearer-token.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { writeTestFiles } from '../../support/test-files.ts';

interface Bench {
  readonly clock: FakeClock;
  readonly token: BearerToken;
  readonly problems: readonly string[];
}

function over(path: string): Bench {
  const clock = new FakeClock();
  const problems: string[] = [];
  return { clock, problems, token: new BearerToken(path, { clock, onUnusable: (problem) => problems.push(problem) }) };
}

describe('BearerToken', () => {
  it('admits who has the token, however the scheme is written', async () => {
    await using files = await writeTestFiles({ token: '  s3cret-Token==\n' });
    const { token } = over(files.path('token'));
    for (const [authorization, admitted] of [
      ['Bearer s3cret-Token==', true],
      ['bearer  s3cret-Token==', true],
      ['Bearer s3cret-Token=', false],
      ['Bearer s3cret-token==', false],
      ['Bearer', false],
      ['Bearer ', false],
      ['Basic s3cret-Token==', false],
      ['s3cret-Token==', false],
      ['', false],
      [undefined, false],
    ] as const) {
      assert.equal(await token.admits(authorization), admitted, authorization);
    }
  });

  it('reads the file again when a second has passed', async () => {
    await using files = await writeTestFiles({ token: 'old' });
    const { clock, token } = over(files.path('token'));
    assert.equal(await token.admits('Bearer old'), true);
    await writeFile(files.path('token'), 'new');
    await clock.advance(TOKEN_FRESH_MS - 1);
    assert.deepEqual([await token.admits('Bearer old'), await token.admits('Bearer new')], [true, false]);
    await clock.advance(1);
    assert.deepEqual([await token.admits('Bearer old'), await token.admits('Bearer new')], [false, true]);
  });

  it('admits nobody while the file is away, empty, too large or no token, and says so once for each', async () => {
    await using files = await writeTestFiles({ token: 'good' });
    const { clock, problems, token } = over(files.path('token'));
    const contents = [null, null, '', '\n', 'two words', 'x'.repeat(MAX_TOKEN_FILE_BYTES + 1), 'good'];
    const admitted: boolean[] = [];
    for (const content of contents) {
      await (content === null ? rm(files.path('token'), { force: true }) : writeFile(files.path('token'), content));
      await clock.advance(TOKEN_FRESH_MS);
      admitted.push((await token.admits('Bearer good')) || (await token.admits('Bearer ')));
    }
    assert.deepEqual(admitted, [false, false, false, false, false, false, true]);
    assert.deepEqual(
      problems.map((problem) => problem.replace(files.path('token'), 'FILE')),
      [
        'FILE cannot be read (ENOENT)',
        'FILE holds no token of letters, digits and -._~+/=',
        `FILE is larger than ${MAX_TOKEN_FILE_BYTES} octets`,
      ],
    );
  });

  it('opens what is not open, and names of hosts, to those alone that have it', async () => {
    await using files = await writeTestFiles({ token: 'good' });
    const access = new AdminAccess({ allow: [], token: over(files.path('token')).token });
    const ask = async (changes: { readonly authorization?: string; readonly host?: string; readonly isOpen?: boolean }) => {
      const peer = { remoteAddress: '127.0.0.1', host: '127.0.0.1', origin: undefined, authorization: undefined, isOpen: false };
      const answer = await access.refuse({ ...peer, ...changes });
      return answer === null ? 200 : [answer.code, answer.headers['www-authenticate']];
    };
    assert.deepEqual(await ask({}), [401, 'Bearer']);
    assert.deepEqual(await ask({ authorization: 'Bearer bad' }), [401, 'Bearer']);
    assert.equal(await ask({ authorization: 'Bearer good' }), 200);
    assert.equal(await ask({ authorization: 'Bearer good', host: 'bridge.example' }), 200);
    assert.equal(await ask({ isOpen: true }), 200);
    assert.deepEqual(await ask({ isOpen: true, host: 'bridge.example' }), [403, undefined]);
  });
});
