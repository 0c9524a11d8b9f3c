import type { LookupFunction, TcpNetConnectOpts } from 'node:net';

/**
 * How long the first address has before the other one is tried. Milliseconds; RFC 8305, section 5, and gRPC A61: 250. Envoy's happy eyeballs:
 * 300.
 */
export const ATTEMPT_MS = 250;

/** A server by TCP. */
export interface TcpPlace {
  /** IP literal. */
  readonly host: string;
  readonly port: number;
  /** Its address of the other family; absent where none is known. */
  readonly otherHost?: string;
}

/** node looks up what is no IP literal, and only then tries several addresses. */
const BOTH = 'both-addresses.invalid';

/**
 * What net.connect and tls.connect need to reach a server at either of its addresses, so that one family which is broken on the way does not
 * make it unreachable (RFC 8305). The second is tried when the first fails, or has not answered within 250 ms; the first is given up then,
 * and the second may take all the time that its caller gives.
 */
export function placeOptions({ host, port, otherHost }: TcpPlace): TcpNetConnectOpts {
  return otherHost === undefined
    ? { host, port }
    : {
        host: BOTH,
        port,
        lookup: answerWith(host, otherHost),
        autoSelectFamily: true,
        autoSelectFamilyAttemptTimeout: ATTEMPT_MS,
      };
}

function answerWith(...hosts: readonly string[]): LookupFunction {
  const addresses = hosts.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  return (_name, _options, callback) => {
    process.nextTick(callback, null, addresses);
  };
}
