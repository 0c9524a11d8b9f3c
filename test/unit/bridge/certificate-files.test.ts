import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { certificateFilesOf } from '../../../src/bridge/certificate-files.ts';
import { resolveConfig } from '../../../src/config/resolve.ts';

describe('files of certificates', () => {
  it('are all that listeners and clusters name', () => {
    const discovery = { type: 'static', endpoints: ['127.0.0.1:1'] };
    const config = resolveConfig({
      listeners: [
        { name: 'plain', address: '127.0.0.1:1' },
        { name: 'tls', address: '127.0.0.1:2', tls: { certificateFile: '/l/crt', privateKeyFile: '/l/key' } },
        {
          name: 'mtls',
          address: '127.0.0.1:3',
          tls: { certificateFile: '/m/crt', privateKeyFile: '/m/key', clientCaFile: '/m/ca', clientCertificates: 'optional' },
        },
      ],
      clusters: [
        { name: 'plain', discovery },
        { name: 'tls', discovery, tls: { caFile: '/c/ca', certificateFile: '/c/crt', privateKeyFile: '/c/key' } },
      ],
    });
    assert.deepEqual([...certificateFilesOf(config)].sort(), [
      '/c/ca',
      '/c/crt',
      '/c/key',
      '/l/crt',
      '/l/key',
      '/m/ca',
      '/m/crt',
      '/m/key',
    ]);
  });
});
