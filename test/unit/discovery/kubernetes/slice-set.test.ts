import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MAX_SLICE_ENDPOINTS, parseSlice, type Slice } from '../../../../src/discovery/kubernetes/endpoint-slice.ts';
import { joinSlices, MAX_SERVICE_ENDPOINTS, type SliceChoice } from '../../../../src/discovery/kubernetes/slice-set.ts';

const READY = { ready: true };
const TERMINATING = { ready: false, serving: true, terminating: true };
const GOING = { ready: false, serving: false, terminating: true };
const NOT_READY = { ready: false, serving: false, terminating: false };

const CHOICE: SliceChoice = { service: 'app', namespace: 'shop', port: 'grpc', family: 'auto', nowMs: 7 };

function slice(endpoints: Readonly<Record<string, object | undefined>>, more: object = {}): Slice {
  const result = parseSlice({
    metadata: { name: 's', resourceVersion: '1' },
    addressType: 'IPv4',
    ports: [{ name: 'grpc', port: 80, protocol: 'TCP' }],
    endpoints: Object.entries(endpoints).map(([address, conditions]) => ({ addresses: [address], conditions })),
    ...more,
  });
  assert.equal(result.kind, 'slice');
  return result.kind === 'slice' ? result.slice : assert.fail();
}

/** The endpoints in their order, those that drain in brackets. */
function join(slices: readonly Slice[], choice: Partial<SliceChoice> = {}): string {
  const update = joinSlices(slices, { ...CHOICE, ...choice });
  return update.kind === 'failed'
    ? update.reason
    : update.endpoints.map(({ key, reported }) => (reported?.state === 'draining' ? `(${key})` : key)).join(' ');
}

describe('joinSlices', () => {
  for (const [name, endpoints, wanted] of [
    ['takes what is ready alone', { '10.0.0.1': READY, '10.0.0.2': NOT_READY }, '10.0.0.1:80'],
    [
      'lets drain what terminates beside it',
      { '10.0.0.1': GOING, '10.0.0.2': READY, '10.0.0.3': TERMINATING },
      '10.0.0.2:80 (10.0.0.1:80) (10.0.0.3:80)',
    ],
    ['takes conditions that are not told as ready', { '10.0.0.1': undefined, '10.0.0.2': {} }, '10.0.0.1:80 10.0.0.2:80'],
    [
      'falls back to what serves while it terminates',
      { '10.0.0.1': GOING, '10.0.0.2': TERMINATING },
      '10.0.0.2:80 (10.0.0.1:80)',
    ],
    ['takes a serving condition that is not told as true', { '10.0.0.1': { ready: false, terminating: true } }, '10.0.0.1:80'],
    ['finds nobody among those that do not serve', { '10.0.0.1': GOING, '10.0.0.2': NOT_READY }, '(10.0.0.1:80)'],
    [
      'takes ready ones that terminate, which a Service may publish',
      { '10.0.0.1': { ready: true, terminating: true } },
      '10.0.0.1:80',
    ],
  ] as const) {
    it(name, () => {
      assert.equal(join([slice(endpoints)]), wanted);
    });
  }

  it('takes an endpoint of two slices once, in its better condition', () => {
    assert.equal(join([slice({ '10.0.0.1': NOT_READY }), slice({ '10.0.0.1': READY })]), '10.0.0.1:80');
    assert.equal(join([slice({ '10.0.0.1': READY }), slice({ '10.0.0.1': TERMINATING })]), '10.0.0.1:80');
  });

  it('names endpoints after their Service, and shows zones and hints', () => {
    const zoned = slice(
      {},
      {
        endpoints: [
          { addresses: ['10.0.0.1'], zone: 'a', hints: { forZones: [{ name: 'b' }] } },
          { addresses: ['10.0.0.2'], zone: 'a' },
          { addresses: ['10.0.0.3'] },
        ],
      },
    );
    assert.deepEqual(
      joinSlices([zoned], CHOICE).endpoints?.map(({ hostname, origin }) => [
        hostname,
        origin?.cluster,
        origin?.locality.zone,
        origin?.hintZones,
      ]),
      [
        ['app.shop.svc', 'shop/app', 'a', ['b']],
        ['app.shop.svc', 'shop/app', 'a', undefined],
        ['app.shop.svc', undefined, undefined, undefined],
      ],
    );
  });

  it('says why and since when an endpoint drains', () => {
    const update = joinSlices([slice({ '10.0.0.1': READY, '10.0.0.2': GOING, '10.0.0.3': TERMINATING })], CHOICE);
    assert.deepEqual(
      update.endpoints?.map(({ reported }) => reported && [reported.flags.join(), reported.reason, reported.atMs]),
      [
        undefined,
        ['terminating,not serving', 'the pod is terminating and no longer serves', 7],
        ['terminating', 'the pod is terminating', 7],
      ],
    );
  });

  it('takes the port of each slice by its name, and passes over other protocols and missing numbers', () => {
    const other = slice(
      { '10.0.0.2': READY },
      {
        ports: [
          { name: 'grpc', port: 81 },
          { name: 'grpc', port: 82, protocol: 'UDP' },
          { name: 'grpc', port: null },
        ],
      },
    );
    assert.equal(join([slice({ '10.0.0.1': READY }), other]), '10.0.0.1:80 10.0.0.2:81');
    assert.equal(join([other], { port: 81 }), '10.0.0.2:81');
    assert.equal(join([slice({ '10.0.0.1': READY }, { ports: [{ port: 5 }] })], { port: '' }), '10.0.0.1:5');
  });

  it('says which ports there are where the wanted one is missing, and nothing of the kind without endpoints', () => {
    assert.equal(join([slice({ '10.0.0.1': READY })], { port: 'http' }), 'no endpoint has a port named http (they have grpc)');
    assert.equal(join([slice({}, { ports: null, endpoints: null })]), '');
    assert.equal(join([]), '');
  });

  it('chooses a family', () => {
    const both = [slice({ '10.0.0.1': READY }), slice({ 'fd00:0::A': READY }, { addressType: 'IPv6' })];
    assert.equal(join(both), '[fd00::a]:80');
    assert.equal(join(both, { family: 'v4' }), '10.0.0.1:80');
    assert.equal(join(both, { family: 'v6' }), '[fd00::a]:80');
    assert.equal(join(both, { family: 'all' }), '[fd00::a]:80 10.0.0.1:80');
    assert.equal(join([slice({ '10.0.0.1': READY }), slice({ 'fd00::a': NOT_READY }, { addressType: 'IPv6' })]), '10.0.0.1:80');
    assert.equal(join([slice({ '10.0.0.1': READY }), slice({ 'fd00::a': GOING }, { addressType: 'IPv6' })]), '10.0.0.1:80');
    assert.equal(join([slice({ '10.0.0.1': GOING }), slice({ 'fd00::a': GOING }, { addressType: 'IPv6' })]), '([fd00::a]:80)');
  });

  it('refuses more endpoints than it may have', () => {
    const slices = Array.from({ length: MAX_SERVICE_ENDPOINTS / MAX_SLICE_ENDPOINTS }, (_, high) =>
      slice(
        Object.fromEntries(
          Array.from({ length: MAX_SLICE_ENDPOINTS }, (_, low) => [`10.${high}.${low >> 8}.${low & 255}`, READY]),
        ),
      ),
    );
    assert.equal(join(slices).split(' ').length, MAX_SERVICE_ENDPOINTS);
    assert.equal(join([...slices, slice({ '11.0.0.1': READY })]), `more than ${MAX_SERVICE_ENDPOINTS} endpoints`);
  });
});

describe('parseSlice', () => {
  it('keeps zones and hints, and takes the first address alone', () => {
    const { endpoints } = slice(
      {},
      {
        endpoints: [{ addresses: ['10.0.0.1', '10.9.9.9'], zone: 'a', hints: { forZones: [{ name: 'a' }, { name: 'b' }] } }],
      },
    );
    assert.deepEqual(endpoints, [
      { host: '10.0.0.1', ready: true, serving: true, terminating: false, zone: 'a', hintZones: ['a', 'b'], pod: null },
    ]);
  });

  it('passes over names for addresses, and refuses a slice without a name or with too much in it', () => {
    assert.deepEqual(parseSlice({ metadata: { name: 's' }, addressType: 'FQDN' }), { kind: 'ignored', name: 's' });
    assert.equal(parseSlice({ addressType: 'IPv4' }).kind, 'invalid');
    const endpoints = Array.from({ length: MAX_SLICE_ENDPOINTS + 1 }, () => ({}));
    assert.equal(parseSlice({ metadata: { name: 's' }, addressType: 'IPv4', endpoints }).kind, 'invalid');
  });

  it('gives a state for any JSON, and never throws', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (endpoints, ports, conditions) => {
        parseSlice(endpoints);
        const listed = [{ addresses: ['10.0.0.1'], conditions, hints: ports }, endpoints];
        const result = parseSlice({ metadata: { name: 's' }, addressType: 'IPv4', endpoints: listed, ports: [ports] });
        assert.equal(result.kind, 'slice');
      }),
    );
  });
});
