import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { renderDemoText } from '../../../../src/cli/demo/text.ts';

const ADDRESSES = {
  plain: '127.0.0.1:8080',
  tls: '127.0.0.1:8443',
  admin: '127.0.0.1:9902',
  control: '127.0.0.1:9905',
  backends: ['127.0.0.1:1001', '127.0.0.1:1002'],
};

describe('the text of the demo', () => {
  const text = renderDemoText(ADDRESSES);

  it('names every address', () => {
    for (const address of Object.values(ADDRESSES).flat()) {
      assert.ok(text.includes(address), address);
    }
  });

  it('names the status page', () => {
    assert.match(text, /^ +status page +http:\/\/127\.0\.0\.1:9902\/$/m);
  });

  it('shows calls through both listeners, each with the certificate check that fits', () => {
    const calls = text.match(/^ +grpcurl .*demo\.Echo\/Say$/gm) ?? [];
    assert.deepEqual(
      calls.map((call) => [call.includes('-plaintext'), call.includes('-insecure'), /127\.0\.0\.1:\d+/.exec(call)?.[0]]),
      [
        [true, false, ADDRESSES.plain],
        [false, true, ADDRESSES.tls],
      ],
    );
  });

  it('has commands that fit the shell as they stand', () => {
    for (const [line] of text.matchAll(/^ +(?:curl|grpcurl) .*$/gm)) {
      assert.equal((line.match(/'/g) ?? []).length % 2, 0, line);
      // What a shell would read as its own is quoted.
      assert.doesNotMatch(line.replace(/'[^']*'/g, ''), /[?&{}"$;|]/, line);
    }
  });
});
