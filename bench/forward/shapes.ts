/** One way to load a proxy; a column of the table. */
export interface Shape {
  readonly name: string;
  /** Who calls: h2load against nghttpd's static answer, or grpc-go against grpc-go's echo. */
  readonly client: 'h2load' | 'grpc-go';
  readonly isTls: boolean;
  readonly connections: number;
  readonly streams: number;
  /** RPCs, or messages, of one run: enough for a second of CPU on most proxies. */
  readonly calls: number;
  readonly headers: 'plain' | 'unique' | 'heavy';
  /** Octets of a message. */
  readonly size: number;
  /** Messages of one bidirectional stream; 0 is unary. */
  readonly messages: number;
}

const BASE = { client: 'h2load', isTls: false, headers: 'plain', size: 13, messages: 0 } as const;
const GO = { ...BASE, client: 'grpc-go', connections: 8, streams: 10 } as const;

/** In the order of the columns. `CxM`: C connections with M calls in flight on each. */
export const SHAPES: readonly Shape[] = [
  { ...BASE, name: '1x1', connections: 1, streams: 1, calls: 10_000 },
  { ...BASE, name: '8x10', connections: 8, streams: 10, calls: 100_000 },
  { ...BASE, name: '8x50', connections: 8, streams: 50, calls: 160_000 },
  { ...BASE, name: '50x1', connections: 50, streams: 1, calls: 50_000 },
  { ...BASE, name: 'TLS 1x1', isTls: true, connections: 1, streams: 1, calls: 10_000 },
  { ...BASE, name: 'TLS 8x10', isTls: true, connections: 8, streams: 10, calls: 100_000 },
  { ...BASE, name: 'TLS 8x50', isTls: true, connections: 8, streams: 50, calls: 160_000 },
  { ...BASE, name: 'TLS 50x1', isTls: true, connections: 50, streams: 1, calls: 50_000 },
  { ...GO, name: 'plain 8x10', calls: 60_000 },
  { ...GO, name: 'unique 8x10', calls: 60_000, headers: 'unique' },
  { ...GO, name: 'heavy 8x10', calls: 60_000, headers: 'heavy' },
  { ...GO, name: '64 KiB 8x4', streams: 4, calls: 6_000, size: 65_536 },
  { ...GO, name: 'stream 4x4', connections: 4, streams: 4, calls: 100_000, messages: 100 },
];
