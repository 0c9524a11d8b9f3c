import { resolveConfig } from '../../config/resolve.ts';
import { BridgeError, ErrorCode, toError } from '../../errors.ts';
import type { CommandIo } from '../command-io.ts';
import { serve } from '../serve.ts';
import { DemoBackend } from './backend.ts';
import { DemoControl } from './control.ts';
import { renderDemoText } from './text.ts';

const BACKENDS = 3;
const SERVICE = 'demo.Echo';
const CONTROL_PORT = 9905;

/** The quickstart: three gRPC backends of its own on loopback, and the bridge in front of them. */
export async function runDemo(io: CommandIo): Promise<number> {
  const backends = Array.from({ length: BACKENDS }, () => new DemoBackend([SERVICE]));
  const control = new DemoControl(backends);
  try {
    const ports = await Promise.all(backends.map((backend) => backend.listen()));
    await listenControl(control);
    const addresses = ports.map((port) => `127.0.0.1:${port}`);
    return await serve(demoConfig(addresses), io, () => {
      io.stdout.write(
        renderDemoText({
          plainUrl: 'http://127.0.0.1:8080',
          tlsUrl: 'https://127.0.0.1:8443',
          adminUrl: 'http://127.0.0.1:9902',
          controlUrl: `http://127.0.0.1:${CONTROL_PORT}`,
          backends: addresses,
        }),
      );
    });
  } finally {
    control.close();
    for (const backend of backends) {
      backend.close();
    }
  }
}

function demoConfig(endpoints: readonly string[]): ReturnType<typeof resolveConfig> {
  return resolveConfig({
    listeners: [
      { name: 'plain', address: '127.0.0.1:8080' },
      { name: 'tls', address: '127.0.0.1:8443', tls: { selfSigned: true } },
    ],
    clusters: [{ name: 'demo', discovery: { type: 'static', endpoints }, healthCheck: { services: [SERVICE], interval: '2s' } }],
    drain: { delay: '0s', timeout: '5s' },
  });
}

async function listenControl(control: DemoControl): Promise<void> {
  try {
    await control.listen(CONTROL_PORT);
  } catch (thrown) {
    throw new BridgeError(
      ErrorCode.LISTEN_FAILED,
      `demo control: cannot bind 127.0.0.1:${CONTROL_PORT}: ${toError(thrown).message}`,
    );
  }
}
