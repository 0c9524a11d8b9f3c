import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { casesOf, type InteropPeer, runCase, startServer } from './interop/peers.ts';
import { startRelay } from './support/relay.ts';
import { type TlsFiles, writeTlsFiles } from './support/tls-files.ts';
import { WorkFolder } from './support/work-folder.ts';

const PEERS: readonly InteropPeer[] = ['grpc-go', 'C-core', 'grpc-js'];

/** Runs all cases of a pair through the port and returns what was wrong, by case. */
async function failures(client: InteropPeer, server: InteropPeer, port: number, tls?: TlsFiles): Promise<Record<string, string>> {
  const failed: Record<string, string> = {};
  for (const name of casesOf(client, server)) {
    const complaint = await runCase(client, name, port, tls);
    if (complaint !== null) {
      failed[name] = complaint;
    }
  }
  return failed;
}

describe('gRPC interop through the forwarder', { timeout: 240_000 }, () => {
  for (const server of PEERS) {
    for (const client of PEERS) {
      it(`passes with a ${client} client and a ${server} server in cleartext`, async () => {
        await using backend = await startServer(server);
        await using relay = await startRelay({ backends: [`127.0.0.1:${backend.port}`] });
        assert.deepEqual(await failures(client, server, relay.port), {});
        relay.child.assertRunning();
      });
    }
  }

  for (const client of PEERS) {
    it(`passes with a ${client} client over TLS`, async () => {
      await using folder = await WorkFolder.create();
      const tls = await writeTlsFiles(folder);
      // The server on C-core has certificates of its own, and they are those of another CA.
      const server = client === 'C-core' ? 'grpc-go' : client;
      await using backend = await startServer(server, tls);
      await using relay = await startRelay({
        backends: [`127.0.0.1:${backend.port}`],
        listenTls: tls.server,
        cluster: { tls: { caFile: tls.ca, serverName: 'localhost' } },
      });
      assert.deepEqual(await failures(client, server, relay.port, tls), {});
      relay.child.assertRunning();
    });
  }
});
