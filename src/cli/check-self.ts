import { type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Config } from '../config/load.ts';
import type { ListenerConfig } from '../config/sections/listener.ts';
import { toError } from '../errors.ts';
import { type Address, formatAddress } from '../model/address.ts';

/** Whether the bridge of this configuration lives, with one line for whoever reads the container's health log. */
export interface SelfCheck {
  readonly alive: boolean;
  readonly text: string;
}

type AskedListener = Pick<ListenerConfig, 'address' | 'tls'>;

/** Connecting and answering together; below the three seconds that container runtimes are commonly given. Milliseconds. */
const DEADLINE_MS = 2_000;
/** An address to bind that is none to connect to, and the one that stands for it. */
const LOOPBACK_OF: ReadonlyMap<string, string> = new Map([
  ['0.0.0.0', '127.0.0.1'],
  ['::', '::1'],
]);

/** Asks `/livez` of the first listener that answers health URLs on a known port, else of the admin listener. */
export async function isAlive(config: Pick<Config, 'listeners' | 'admin'>): Promise<SelfCheck> {
  const candidates: readonly AskedListener[] = [
    ...config.listeners.filter(({ health }) => health === 'all'),
    { address: config.admin.address, tls: null },
  ];
  const listener = candidates.find(({ address }) => address.kind === 'unix' || address.port !== 0);
  if (listener === undefined) {
    return { alive: false, text: 'every listener takes a free port: there is no address to ask' };
  }
  const where = formatAddress(listener.address);
  try {
    const code = await ask(listener);
    return { alive: code === 200, text: `${where}/livez answers ${code}` };
  } catch (thrown) {
    return { alive: false, text: `${where}/livez: ${toError(thrown).message}` };
  }
}

function ask({ address, tls }: AskedListener): Promise<number> {
  const request = tls === null ? requestHttp : requestHttps;
  const signal = AbortSignal.timeout(DEADLINE_MS);
  // It is our own certificate, which may well be self-signed or for another name.
  const options = { ...target(address), path: '/livez', agent: false, rejectUnauthorized: false, signal };
  return new Promise((resolve, reject) => {
    request(options, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .once('error', (error) => reject(signal.aborted ? new Error(`no answer within ${DEADLINE_MS} ms`) : error))
      .end();
  });
}

function target(address: Address): RequestOptions {
  return address.kind === 'unix'
    ? { socketPath: address.path }
    : { host: LOOPBACK_OF.get(address.host) ?? address.host, port: address.port };
}
