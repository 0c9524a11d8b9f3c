import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_PUBLIC_BODY_BYTES, MAX_URL_LENGTH } from '../../../src/http/health-answer.ts';
import type { EndpointHealth } from '../../../src/model/health-view.ts';
import { answersOver, ask, verdictOf } from '../../support/health-answers.ts';
import { endpointHealth, endpointsIn } from '../../support/health-views.ts';

const HEALTHY = verdictOf({ router: endpointsIn('healthy'), 'search?': endpointsIn('unhealthy', 'unhealthy', 'unhealthy') });
const UNHEALTHY = verdictOf({ router: endpointsIn('unhealthy') });

describe('the aggregate', () => {
  it('is 200 ok or 503 unavailable, never stored', () => {
    for (const url of ['/', '/healthz']) {
      const up = ask(answersOver(HEALTHY), url);
      assert.deepEqual([up.code, up.body, up.path], [200, 'ok', url]);
      assert.deepEqual([up.headers['cache-control'], up.headers['retry-after']], ['no-store', undefined]);
      assert.equal(up.headers['x-health-status'], 'degraded');
      const down = ask(answersOver(UNHEALTHY), url);
      assert.deepEqual([down.code, down.body], [503, 'unavailable']);
      assert.deepEqual([down.headers['cache-control'], down.headers['retry-after']], ['no-store', '5']);
      assert.equal(down.headers['x-health-status'], 'unhealthy');
    }
  });

  it('has no status header where that is off', () => {
    assert.equal(ask(answersOver(HEALTHY, { statusHeader: false }), '/').headers['x-health-status'], undefined);
  });

  it('is 503 while draining, unless it may not be', () => {
    const draining = { lifecycle: () => ({ started: true, draining: true, maintenance: false }) };
    const failing = ask(answersOver(HEALTHY, draining), '/?verbose');
    assert.deepEqual([failing.code, failing.headers['x-health-status']], [503, 'draining']);
    assert.match(failing.body, /drain/);
    assert.equal(ask(answersOver(HEALTHY, { ...draining, failDuringDrain: false }), '/').code, 200);
  });

  it('says that it is starting', () => {
    const starting = answersOver(UNHEALTHY, { lifecycle: () => ({ started: false, draining: false, maintenance: false }) });
    const answer = ask(starting, '/');
    assert.deepEqual([answer.code, answer.headers['x-health-status']], [503, 'starting']);
  });

  it('has other paths where the configuration says so', () => {
    const answers = answersOver(HEALTHY, { paths: ['/lb'] });
    assert.equal(ask(answers, '/lb').code, 200);
    assert.equal(ask(answers, '/').code, 404);
    assert.equal(ask(answers, '/healthz').code, 404);
    assert.equal(ask(answers, '/healthz/router').code, 200);
    assert.equal(ask(answers, '/healthz?service=').code, 200);
  });
});

describe('parts', () => {
  const answers = answersOver(HEALTHY);

  for (const [url, code, path] of [
    ['/healthz/router', 200, '/healthz/:part'],
    ['/healthz/search', 503, '/healthz/:part'],
    ['/healthz/everything', 200, '/healthz/:part'],
    ['/healthz/none', 404, '/healthz/:part'],
    ['/healthz/', 404, '/healthz/:part'],
    ['/healthz?service=', 200, '/healthz'],
    ['/healthz?service=none', 404, '/healthz'],
    ['/?service=none', 200, '/'],
    ['/nothing', 404, 'other'],
    ['/healthz/%zz', 400, 'other'],
    ['/healthz?service=a&service=b', 400, '/healthz'],
  ] as const) {
    it(`${url} is ${code}`, () => {
      const answer = ask(answers, url);
      assert.deepEqual([answer.code, answer.path, answer.headers['cache-control']], [code, path, 'no-store']);
    });
  }

  it('are asked for by address only where details are full', () => {
    const url = '/healthz/router/10.0.0.1:1';
    assert.equal(ask(answers, url).code, 404);
    assert.equal(ask(answersOver(HEALTHY, { details: 'full' }), url).code, 200);
    assert.equal(ask(answers, url, { remoteAddress: '127.0.0.1' }).code, 200);
    assert.equal(ask(answers, '/healthz/search/10.0.0.1:1', { remoteAddress: '::1' }).code, 503);
    assert.equal(ask(answers, '/healthz/router/10.0.0.9:1', { remoteAddress: '127.0.0.1' }).code, 404);
    assert.equal(ask(answers, '/healthz/router/nonsense', { remoteAddress: '127.0.0.1' }).code, 404);
  });

  it('are left out by ?exclude=, and an unknown name is warned of', () => {
    const both = verdictOf({ router: endpointsIn('unhealthy') });
    assert.equal(ask(answersOver(both), '/healthz?exclude=router').code, 200);
    assert.match(ask(answersOver(both), '/healthz?verbose&exclude=router').body, /^\[\+\]router excluded: ok\n/);
    const typo = ask(answersOver(both), '/healthz?verbose&exclude=ruoter');
    assert.equal(typo.code, 503);
    assert.match(typo.body, /warn: nothing to exclude is named "ruoter"/);
  });
});

/** The code of a URL at one moment of the process's life. */
function at(started: boolean, draining: boolean, url: string): number {
  return ask(answersOver(UNHEALTHY, { lifecycle: () => ({ started, draining, maintenance: false }) }), url).code;
}

describe('the process', () => {
  it('lives whatever happens', () => {
    assert.deepEqual([at(false, false, '/livez'), at(true, true, '/livez')], [200, 200]);
  });

  it('is ready between start and drain, whatever backends are', () => {
    assert.deepEqual([at(false, false, '/readyz'), at(true, false, '/readyz'), at(true, true, '/readyz')], [503, 200, 503]);
  });

  it('has started for good', () => {
    assert.deepEqual([at(false, false, '/startupz'), at(true, false, '/startupz'), at(true, true, '/startupz')], [503, 200, 200]);
  });
});

describe('maintenance', () => {
  const inMaintenance = { lifecycle: () => ({ started: true, draining: false, maintenance: true }), failDuringDrain: false };

  it('fails the aggregate and readiness, and says why', () => {
    const answers = answersOver(HEALTHY, inMaintenance);
    const answer = ask(answers, '/healthz?verbose');
    assert.deepEqual([answer.code, answer.headers['x-health-status']], [503, 'draining']);
    assert.match(answer.body, /\n\[-\]maintenance failed: set by an operator\nhealthz check failed\n$/);
    assert.match(ask(answers, '/readyz?verbose').body, /\[-\]maintenance failed/);
    assert.deepEqual([ask(answers, '/').code, ask(answers, '/readyz').code], [503, 503]);
  });

  it('leaves what is about backends, and about life, as it is', () => {
    const answers = answersOver(HEALTHY, inMaintenance);
    assert.deepEqual(
      [ask(answers, '/healthz/router').code, ask(answers, '/livez').code, ask(answers, '/startupz').code],
      [200, 200, 200],
    );
  });
});

function urlOf(length: number): string {
  return `/?${'a'.repeat(length - 2)}`;
}

describe('requests', () => {
  const answers = answersOver(HEALTHY);

  it('of another method are 405 with Allow on a health URL, 404 elsewhere', () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND']) {
      const answer = ask(answers, '/healthz', { method });
      assert.deepEqual([answer.code, answer.headers['allow']], [405, 'GET, HEAD']);
      assert.equal(ask(answers, '/other', { method }).code, 404);
    }
  });

  it('of HEAD are answered as GET is', () => {
    assert.deepEqual(ask(answers, '/healthz', { method: 'HEAD' }), ask(answers, '/healthz'));
  });

  it('with a URL beyond the limit are 414', () => {
    assert.equal(ask(answers, urlOf(MAX_URL_LENGTH)).code, 200);
    assert.equal(ask(answers, urlOf(MAX_URL_LENGTH + 1)).code, 414);
  });
});

describe('details', () => {
  const secret = { a: [endpointHealth('10.0.0.1:1', 'unhealthy', { reason: 'connection refused' })], b: endpointsIn('healthy') };
  const body = (details: 'none' | 'counts' | 'full', url: string, remoteAddress?: string): string =>
    ask(answersOver(verdictOf(secret), { details }), url, remoteAddress === undefined ? {} : { remoteAddress }).body;

  it('none: the code alone', () => {
    assert.equal(body('none', '/healthz?verbose'), 'healthz check passed\n');
    assert.equal(body('none', '/healthz?format=json'), '{"status":"warn"}');
  });

  it('counts: clusters and numbers, neither addresses nor reasons', () => {
    assert.equal(body('counts', '/healthz?verbose'), '[-]a failed: 0 of 1 healthy\n[+]b ok\nhealthz check passed\n');
    assert.doesNotMatch(body('counts', '/healthz?format=json'), /10\.0\.0|refused/);
  });

  it('full, and to loopback peers in any case: every endpoint with its reason', () => {
    const full = body('full', '/healthz?verbose');
    assert.match(full, /^\[-\]a failed: 0 of 1 healthy\n {4}\[-\]10\.0\.0\.1:1 unhealthy since [^ ]+: connection refused\n/);
    for (const peer of ['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1']) {
      assert.equal(body('none', '/healthz?verbose', peer), full);
    }
  });

  it('are those of a stranger where the peer is not known', () => {
    const answers = answersOver(verdictOf(secret), { details: 'none' });
    assert.equal(ask(answers, '/healthz?verbose', { remoteAddress: undefined }).body, 'healthz check passed\n');
  });

  it('are everything on the admin listener', () => {
    const answers = answersOver(verdictOf(secret), { details: 'none', audience: 'admin' });
    assert.match(ask(answers, '/healthz?verbose').body, /connection refused/);
  });
});

describe('long bodies', () => {
  const many: readonly EndpointHealth[] = Array.from({ length: 2_000 }, (_, index) =>
    endpointHealth(`10.0.${Math.floor(index / 250)}.${index % 250}:50051`, index % 500 === 499 ? 'unhealthy' : 'healthy', {
      reason: 'x'.repeat(index % 500 === 499 ? 1_000 : 0),
    }),
  );
  const verdict = verdictOf({ big: many, small: endpointsIn('unhealthy') });

  for (const url of ['/healthz?verbose', '/healthz?format=json']) {
    it(`${url} stays below 10 KiB, with what fails first, and says how much is left out`, () => {
      const { body } = ask(answersOver(verdict, { details: 'full' }), url);
      assert.ok(Buffer.byteLength(body) <= MAX_PUBLIC_BODY_BYTES, `${Buffer.byteLength(body)}`);
      assert.ok(Buffer.byteLength(body) > MAX_PUBLIC_BODY_BYTES * 0.9);
      for (const failing of ['10.0.1.249:50051', '10.0.3.249:50051', '10.0.5.249:50051', '10.0.7.249:50051', '10.0.0.1:1']) {
        assert.ok(body.includes(failing), failing);
      }
      const omitted = Number(/omitted"?: ?(\d+)/.exec(body)?.[1]);
      const shown = body.match(/10\.0\.\d+\.\d+:/g)?.length ?? 0;
      assert.equal(shown + omitted, many.length + 1);
    });

    it(`${url} is complete on the admin listener`, () => {
      const { body } = ask(answersOver(verdict, { audience: 'admin' }), url);
      assert.equal(body.match(/10\.0\.\d+\.\d+:/g)?.length, many.length + 1);
      assert.doesNotMatch(body, /omitted/);
    });
  }

  it('are cut in the middle of clusters too, should there be so many', () => {
    const clusters = Object.fromEntries(
      Array.from({ length: 256 }, (_, index) => [`c${index}-${'n'.repeat(55)}`, endpointsIn('healthy')]),
    );
    const { body } = ask(answersOver(verdictOf(clusters)), '/healthz?verbose');
    assert.ok(Buffer.byteLength(body) <= MAX_PUBLIC_BODY_BYTES);
    assert.match(body, /\nomitted: \d+\nhealthz check passed\n$/);
  });
});
