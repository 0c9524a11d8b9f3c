import { describe, it } from 'node:test';
import { createEndpoint } from '../../src/model/endpoint.ts';
import { ForwardBench } from '../support/forward-bench.ts';
import { INTEROP_CASES } from '../support/interop/cases.ts';
import { InteropClient } from '../support/interop/client.ts';
import { InteropServer } from '../support/interop/server.ts';

describe('interop of grpc-js with itself, through a listener', () => {
  for (const [name, run] of Object.entries(INTEROP_CASES)) {
    it(name, async () => {
      await using server = await InteropServer.start();
      await using bench = await ForwardBench.start([createEndpoint({ kind: 'tcp', host: '127.0.0.1', port: server.port }, null)]);
      using client = new InteropClient(bench.port);
      await run(client);
    });
  }
});
