import type { Bridge } from '../../bridge.ts';
import type { Config } from '../../config/load.ts';
import { resolveConfig } from '../../config/resolve.ts';
import { BridgeError, ErrorCode, toError } from '../../errors.ts';
import { formatAddress } from '../../model/address.ts';
import type { CommandIo } from '../command-io.ts';
import { serve } from '../serve.ts';
import { DEMO_SERVICE, DemoBackend } from './backend.ts';
import { DemoControl } from './control.ts';
import { renderDemoText } from './text.ts';

const BACKENDS = 3;
const ROUTE = 'echo';

/** Where the quickstart is found, and how much it logs. */
export interface DemoSettings {
  /** Ports of 127.0.0.1; 0 takes a free one. */
  readonly ports: { readonly plain: number; readonly tls: number; readonly admin: number; readonly control: number };
  readonly logLevel: Config['logging']['level'];
  /** Where calls are logged, a line for each. */
  readonly accessLogFile: string;
}

/** What `npm start` uses; documentation and the printed text name these ports. */
export const DEMO_SETTINGS: DemoSettings = Object.freeze({
  ports: Object.freeze({ plain: 8080, tls: 8443, admin: 9902, control: 9905 }),
  logLevel: 'info',
  accessLogFile: '/dev/stdout',
});

/** The quickstart: three gRPC backends of its own on loopback, and the bridge in front of them. */
export async function runDemo(io: CommandIo, settings: DemoSettings = DEMO_SETTINGS): Promise<number> {
  const backends = Array.from({ length: BACKENDS }, (_, index) => new DemoBackend(`backend ${index + 1}`));
  const control = new DemoControl(backends);
  try {
    const ports = await Promise.all(backends.map((backend) => backend.listen()));
    const controlPort = await listenControl(control, settings.ports.control);
    const addresses = ports.map((port) => `127.0.0.1:${port}`);
    const onListening = (bridge: Bridge): void => {
      io.stdout.write(
        renderDemoText({
          plain: addressOf(bridge, 'plain'),
          tls: addressOf(bridge, 'tls'),
          admin: addressOf(bridge, 'admin'),
          control: `127.0.0.1:${controlPort}`,
          backends: addresses,
        }),
      );
    };
    return await serve(demoConfig(addresses, settings), io, { onListening });
  } finally {
    control.close();
    for (const backend of backends) {
      backend.close();
    }
  }
}

function demoConfig(endpoints: readonly string[], { ports, logLevel, accessLogFile }: DemoSettings): Config {
  return resolveConfig({
    listeners: [
      { name: 'plain', address: `127.0.0.1:${ports.plain}`, routes: [ROUTE] },
      { name: 'tls', address: `127.0.0.1:${ports.tls}`, routes: [ROUTE], tls: { selfSigned: true } },
    ],
    admin: { address: `127.0.0.1:${ports.admin}` },
    clusters: [
      { name: 'demo', discovery: { type: 'static', endpoints }, healthCheck: { services: [DEMO_SERVICE], interval: '2s' } },
    ],
    routes: [{ name: ROUTE, match: { prefix: `/${DEMO_SERVICE}/` }, cluster: 'demo' }],
    accessLog: { file: accessLogFile },
    logging: { level: logLevel },
    drain: { delay: '0s', timeout: '5s' },
  });
}

function addressOf({ addresses }: Bridge, listener: string): string {
  const address = addresses.get(listener);
  return address === undefined ? '' : formatAddress(address);
}

async function listenControl(control: DemoControl, port: number): Promise<number> {
  try {
    return await control.listen(port);
  } catch (thrown) {
    throw new BridgeError(ErrorCode.LISTEN_FAILED, `demo control: cannot bind 127.0.0.1:${port}: ${toError(thrown).message}`);
  }
}
