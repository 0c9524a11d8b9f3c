import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { MAX_PAGE_BYTES } from '../../src/discovery/kubernetes/api-client.ts';
import { MAX_SLICE_ENDPOINTS } from '../../src/discovery/kubernetes/endpoint-slice.ts';
import { MAX_EVENT_BYTES } from '../../src/discovery/kubernetes/event-lines.ts';
import { MAX_PAGES } from '../../src/discovery/kubernetes/resource-list.ts';
import { MAX_SERVICE_ENDPOINTS, MAX_SLICES } from '../../src/discovery/kubernetes/slice-set.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { KubeApi, sliceOf } from '../support/peers/kube-api.ts';
import { plainAccess, WatchedService, type WatchedServiceOptions } from '../support/watched-service.ts';

function watch(api: KubeApi, options?: WatchedServiceOptions): WatchedService {
  return new WatchedService(() => Promise.resolve({ kind: 'access', access: plainAccess(api.url) }), options);
}

/** So many octets, as fast as the other side takes them. */
function pour(response: ServerResponse, octets: number): void {
  const piece = Buffer.alloc(65_536, ' ');
  const pieces = Array.from({ length: Math.ceil(octets / piece.byteLength) }, () => piece);
  // The other side is meant to hang up.
  pipeline(Readable.from(pieces), response, () => undefined);
}

async function untilAsked(api: KubeApi, requests: number): Promise<void> {
  const deadline = AbortSignal.timeout(5_000);
  while (api.requests.length < requests) {
    deadline.throwIfAborted();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function addresses(high: number, count: number): readonly string[] {
  return Array.from({ length: count }, (_, low) => `10.${high}.${low >> 8}.${low & 255}`);
}

describe('limits of kubernetes discovery', () => {
  it(`refuses more than ${MAX_SLICES} slices of a list`, async () => {
    await using api = await KubeApi.start();
    for (let index = 0; index <= MAX_SLICES; index += 1) {
      api.put(`app-${index}`, sliceOf([]));
    }
    await using service = watch(api);
    await service.until(`failed: Service shop/app: more than ${MAX_SLICES} EndpointSlices`);
    api.remove('app-0');
    await service.until('');
  });

  it(`refuses more than ${MAX_SLICES} slices of a watch, and keeps what it had`, async () => {
    await using api = await KubeApi.start();
    for (let index = 1; index < MAX_SLICES; index += 1) {
      api.put(`app-${index}`, sliceOf([]));
    }
    api.put('app-0', sliceOf(['10.0.0.1']));
    await using service = watch(api);
    await service.until(() => api.watches === 1);
    api.put('more', sliceOf([]));
    await service.until(`failed: Service shop/app: more than ${MAX_SLICES} EndpointSlices`);
    assert.ok(!service.said.includes(''));
    api.remove('more');
    await service.until('10.0.0.1');
  });

  it(`refuses more than ${MAX_SERVICE_ENDPOINTS} endpoints, and keeps what it had`, async () => {
    await using api = await KubeApi.start();
    api.put('small', sliceOf(['11.0.0.1']));
    await using service = watch(api);
    await service.until('11.0.0.1');
    for (let high = 0; high < MAX_SERVICE_ENDPOINTS / MAX_SLICE_ENDPOINTS; high += 1) {
      api.put(`large-${high}`, sliceOf(addresses(high, MAX_SLICE_ENDPOINTS)));
    }
    await service.until(`failed: Service shop/app: more than ${MAX_SERVICE_ENDPOINTS} endpoints`);
    api.remove('small');
    await service.until((last) => last.split(' ').length === MAX_SERVICE_ENDPOINTS);
  });

  it('refuses a slice of more endpoints than the API allows', async () => {
    await using api = await KubeApi.start();
    api.put('app-1', sliceOf(addresses(0, MAX_SLICE_ENDPOINTS + 1)));
    await using service = watch(api);
    await service.until('failed: Service shop/app: EndpointSlice app-1 has more endpoints or ports than the API allows');
  });

  it(`refuses an event of more than ${MAX_EVENT_BYTES} octets, whether its line ends or not`, async () => {
    await using api = await KubeApi.start();
    api.put('app-1', sliceOf(['10.0.0.1']));
    await using service = watch(api);
    for (const end of ['', '\n']) {
      await service.until(() => api.watches === 1);
      const said = service.said.length;
      api.write('x'.repeat(MAX_EVENT_BYTES + 1) + end);
      await service.until(
        () => service.said.indexOf(`failed: Service shop/app: an event has more than ${MAX_EVENT_BYTES} octets`, said) >= 0,
      );
      await service.until('10.0.0.1');
    }
  });

  it(`reads no more than ${MAX_PAGES} pages of a list`, async () => {
    await using api = await KubeApi.start();
    api.listAs = (response) => response.end('{"metadata":{"resourceVersion":"1","continue":"again"},"items":[]}');
    await using service = watch(api);
    await service.until(`failed: Service shop/app: the API server sent more than ${MAX_PAGES} pages`);
    assert.equal(api.requests.length, MAX_PAGES);
  });

  it(`reads no more than ${MAX_PAGE_BYTES} octets of a page`, async () => {
    await using api = await KubeApi.start();
    api.listAs = (response) => pour(response, 2 * MAX_PAGE_BYTES);
    await using service = watch(api);
    await service.until(`failed: Service shop/app: the API server sent more than ${MAX_PAGE_BYTES} octets`);
  });

  it('reads little of a refusal, and shows little of its words', async () => {
    await using api = await KubeApi.start();
    api.listAs = (response) => {
      response.statusCode = 500;
      response.end(JSON.stringify({ message: `line\n${'x'.repeat(10_000)}` }));
    };
    await using service = watch(api);
    await service.until((last) => /^failed: Service shop\/app: the API server answered 500: line x{195}$/.test(last));
    api.listAs = (response) => {
      response.statusCode = 500;
      pour(response, MAX_PAGE_BYTES);
    };
    await service.until('failed: Service shop/app: the API server answered 500');
  });

  for (const [name, text] of [
    ['no JSON', '<html>'],
    ['no list', '{"kind":"Status"}'],
  ] as const) {
    it(`refuses a list that is ${name}`, async () => {
      await using api = await KubeApi.start();
      api.listAs = (response) => response.end(text);
      await using service = watch(api);
      await service.until((last) => last.startsWith('failed: Service shop/app: the API server sent no '));
    });
  }

  for (const [name, fault] of [
    ['does not answer', { answers: false }],
    ['never ends its answer', { listAs: (response: ServerResponse): void => void response.write('{') }],
  ] as const) {
    it(`gives up on an API server that ${name}`, async () => {
      await using api = await KubeApi.start();
      Object.assign(api, fault);
      const clock = new FakeClock();
      await using service = watch(api, { clock });
      await untilAsked(api, 1);
      await clock.advance(14_999);
      assert.deepEqual(service.said, []);
      await clock.advance(1);
      assert.deepEqual(service.said, ['failed: Service shop/app: no answer from the API server within 15 s']);
      // And it asks again.
      await clock.advance(1_000);
      await untilAsked(api, 2);
    });
  }

  it('gives up on a watch that says nothing long after it should have ended', async () => {
    await using api = await KubeApi.start();
    api.put('app-1', sliceOf(['10.0.0.1']));
    const clock = new FakeClock();
    await using service = watch(api, { clock });
    await service.until(() => api.watches === 1);
    const requests = api.requests.length;
    await clock.advance(69_999);
    assert.equal(api.watches, 1);
    api.answers = false;
    await clock.advance(1);
    await clock.advance(1_000);
    await untilAsked(api, requests + 1);
    await clock.advance(15_000);
    await service.until('failed: Service shop/app: no answer from the API server within 15 s');
    assert.ok(!service.said.includes(''));
  });
});
