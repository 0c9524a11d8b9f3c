import type { ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { packageFile } from '../../util/package-file.ts';

/** Reads `file` of the folder `protos` and takes the service `name` out of it. */
export function loadService(file: string, name: string): ServiceDefinition {
  const definition = loadSync(packageFile(`protos/${file}`), { enums: String, defaults: true })[name];
  if (definition === undefined || typeof definition['format'] === 'string') {
    throw new Error(`protos/${file} does not declare ${name}`);
  }
  return definition;
}
