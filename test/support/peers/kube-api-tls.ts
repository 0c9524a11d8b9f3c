import type { IncomingMessage, Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { TLSSocket } from 'node:tls';
import type { KeyPair } from '../tls.ts';

/** How the stand-in speaks TLS. */
export interface KubeApiTls {
  readonly pair: KeyPair;
  /** Of client certificates, which are asked for then. */
  readonly clientCa?: Buffer;
}

/** A server that speaks TLS so. */
export function createTls({ pair, clientCa }: KubeApiTls): Server {
  const clients = clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: true };
  return createTlsServer({ ...pair, ...clients });
}

/** The name in the certificate of a client; empty without one. */
export function clientOf({ socket }: IncomingMessage): string {
  const subject = socket instanceof TLSSocket ? socket.getPeerCertificate().subject : undefined;
  return String(subject?.CN ?? '');
}
