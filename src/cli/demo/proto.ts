import { fileURLToPath } from 'node:url';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

/** Reads `file` of the folder `protos` and takes the service `name` out of it. */
export function loadService(file: string, name: string): ServiceDefinition {
  const path = fileURLToPath(new URL(`../../../protos/${file}`, import.meta.url));
  const definition = loadSync(path, { enums: String, defaults: true })[name];
  if (definition === undefined || typeof definition['format'] === 'string') {
    throw new Error(`protos/${file} does not declare ${name}`);
  }
  return definition;
}
