import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clustersOf, refusalOf } from '../../../support/envoy-read.ts';

const ADDRESS = '"address":{"socket_address":{"address":"10.0.0.1","port_value":1}}';
const HEALTH = '"health_status":{"eds_health_status":"HEALTHY"}';

function withHost(host: string): string {
  return `{"cluster_statuses":[{"name":"a","host_statuses":[${host}]}]}`;
}

function withCluster(fields: string): string {
  return `{"cluster_statuses":[{${fields}}]}`;
}

describe('clusters in JSON', () => {
  it('have the default wherever a field is left out or null', () => {
    for (const more of ['', ',"weight":null,"hostname":null,"priority":null,"locality":null', ',"locality":{},"weight":0']) {
      assert.deepEqual(clustersOf('json', withHost(`{${ADDRESS},${HEALTH}${more}}`)), [
        {
          name: 'a',
          addedViaApi: false,
          hosts: [
            {
              address: { kind: 'tcp', host: '10.0.0.1', port: 1 },
              key: '10.0.0.1:1',
              hostname: '',
              flags: [],
              weight: 0,
              priority: 0,
              locality: { region: '', zone: '', subZone: '' },
              canary: null,
            },
          ],
        },
      ]);
    }
    for (const none of ['{}', '{}\n', ' { } ', '{"cluster_statuses":[]}']) {
      assert.deepEqual(clustersOf('json', none), []);
    }
  });

  it('may have fields in any order, and fields that nobody knows', () => {
    const body = `{"later":{"deep":[{"}":"]"}]},"cluster_statuses":[{"host_statuses":[{${HEALTH},"x":[1],${ADDRESS}}],"new":-1.5e3,"added_via_api":true,"name":"a"}],"last":null}`;
    const [cluster] = clustersOf('json', body);
    assert.deepEqual([cluster?.name, cluster?.addedViaApi, cluster?.hosts.length], ['a', true, 1]);
    // Known only after its hosts, that nobody asked for it.
    assert.deepEqual(clustersOf('json', body, { wanted: (name) => name === 'b' }), []);
  });

  it('have names with every sign that JSON can write', () => {
    const names = ['a::b', 'é', '\u2028', '"', '\\', '\n', '{"x":[', ' ', '__proto__'];
    const statuses = names.map((name) => ({ name, host_statuses: [] }));
    assert.deepEqual(
      clustersOf('json', JSON.stringify({ cluster_statuses: statuses }), { size: 3 }).map(({ name }) => name),
      names,
    );
  });

  for (const [what, body, reason] of [
    ['nothing', '', /the JSON is cut off/],
    ['white space', ' \n', /the JSON is cut off/],
    ['a list', '[]', /it is no JSON/],
    ['a word', 'null', /it is no JSON/],
    ['something after it', '{} {}', /something follows the JSON/],
    ['other JSON', '{"error":"no such path"}', /JSON without cluster_statuses/],
    ['two lists', '{"cluster_statuses":[],"cluster_statuses":[]}', /two lists of clusters/],
    ['a list that is none', '{"cluster_statuses":{}}', /it is no JSON/],
    ['a cluster that is none', '{"cluster_statuses":[1]}', /it is no JSON/],
    ['a comma too many', '{"cluster_statuses":[],}', /it is no JSON/],
    ['no colon', '{"cluster_statuses"[]}', /it is no JSON/],
    ['a key that is none', '{cluster_statuses:[]}', /it is no JSON/],
    ['a key that is no text', '{"\\x":1}', /it is no JSON/],
    ['a value that is none', '{"a":nul}', /it is no JSON/],
    ['no value', '{"a":}', /it is no JSON/],
    ['a cluster without a name', withCluster('"host_statuses":[]'), /a cluster has no name/],
    ['a cluster with an empty name', withCluster('"name":""'), /a cluster has no name/],
    ['a name that is no text', withCluster('"name":5'), /the name of a cluster is no text/],
    ['two names', withCluster('"name":"a","name":"b"'), /a cluster has name twice/],
    ['two lists of hosts', withCluster('"name":"a","host_statuses":[],"host_statuses":[]'), /has host_statuses twice/],
    ['a list of hosts that is none', withCluster('"name":"a","host_statuses":"x"'), /it is no JSON/],
    ['added_via_api that is no switch', withCluster('"name":"a","added_via_api":1'), /neither true nor false/],
    ['a cluster twice', '{"cluster_statuses":[{"name":"a"},{"name":"a"}]}', /lists the cluster a twice/],
    ['a host that is no object', withHost('"x"'), /a host in the JSON is no object/],
    ['a host that is no JSON', withHost('{x}'), /it is no JSON/],
    ['a host without an address', withHost(`{${HEALTH}}`), /address that is not known/],
    ['a host without health', withHost(`{${ADDRESS}}`), /health_status that is not understood/],
    ['health that is none', withHost(`{${ADDRESS},"health_status":true}`), /health_status that is not understood/],
    ['a weight that is none', withHost(`{${ADDRESS},${HEALTH},"weight":"1"}`), /no whole number/],
    ['a priority that is none', withHost(`{${ADDRESS},${HEALTH},"priority":-1}`), /no whole number/],
    ['a hostname that is none', withHost(`{${ADDRESS},${HEALTH},"hostname":[]}`), /a hostname is no text/],
    ['a zone that is none', withHost(`{${ADDRESS},${HEALTH},"locality":{"zone":1}}`), /a zone is no text/],
  ] as const) {
    it(`are refused for ${what}, at once or in pieces`, () => {
      assert.match(refusalOf('json', body), reason);
      assert.match(refusalOf('json', body, { size: 1 }), reason);
    });
  }
});
