import type { ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { packageFile } from '../util/package-file.ts';

const HEALTH_PROTO = packageFile('protos/health.proto');

/** How to ask one method, and how to read its answers. */
export interface HealthMethod {
  readonly path: string;
  /** The message that asks for a service. */
  encodeRequest(service: string): Buffer;
  /** The number of a ServingStatus. @throws Error when the message is none. */
  decodeStatus(message: Buffer): number;
}

let methods: Readonly<Record<'Check' | 'Watch', HealthMethod>> | null = null;

/** Reads health.proto once, when it is needed for the first time. */
export function healthMethod(name: 'Check' | 'Watch'): HealthMethod {
  methods ??= loadMethods();
  return methods[name];
}

function loadMethods(): Readonly<Record<'Check' | 'Watch', HealthMethod>> {
  const service = loadSync(HEALTH_PROTO)['grpc.health.v1.Health'];
  if (service === undefined || 'format' in service) {
    throw new Error('protos/health.proto does not declare grpc.health.v1.Health');
  }
  return { Check: methodOf(service, 'Check'), Watch: methodOf(service, 'Watch') };
}

function methodOf(service: ServiceDefinition, name: 'Check' | 'Watch'): HealthMethod {
  const method = service[name];
  if (method === undefined) {
    throw new Error(`protos/health.proto does not declare ${name}`);
  }
  return {
    path: method.path,
    encodeRequest: (service) => method.requestSerialize({ service }),
    decodeStatus: (message) => readServingStatus(method.responseDeserialize(message)),
  };
}

/** Enums are open and come as numbers; a message without the field means 0, as proto3 has it. */
function readServingStatus(message: unknown): number {
  return typeof message === 'object' && message !== null && 'status' in message && typeof message.status === 'number'
    ? message.status
    : 0;
}
