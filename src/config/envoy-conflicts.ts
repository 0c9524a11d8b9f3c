import type { ConfigProblem } from '../errors.ts';
import { type Address, formatAddress, isLoopback } from '../model/address.ts';
import { describeGot } from './got.ts';
import { isPlainObject, type Placed } from './paths.ts';
import { readSound } from './problems.ts';
import { AdminSchema, toAdminConfig } from './sections/admin.ts';
import { EnvoySourceSchema, toEnvoyConfig } from './sections/discovery-envoy.ts';

/** Sources that would ask this bridge itself in place of an Envoy: it would believe its own answers for ever. */
export function findEnvoyConflicts(raw: Record<string, unknown>): readonly ConfigProblem[] {
  const section = readSound(AdminSchema, raw['admin'] ?? {});
  if (section === null) {
    return [];
  }
  const own = toAdminConfig(section).address;
  return readEnvoyAdmins(raw['clusters'])
    .filter(({ value }) => isSame(value, own))
    .map(({ path, value }) => ({
      path,
      message: `is the admin listener of this bridge, ${formatAddress(own)} ${describeGot(formatAddress(value))}`,
    }));
}

function readEnvoyAdmins(clusters: unknown): readonly Placed<Address>[] {
  const list: readonly unknown[] = Array.isArray(clusters) ? clusters : [];
  return list.flatMap((cluster, index) => {
    const discovery = isPlainObject(cluster) ? cluster['discovery'] : undefined;
    const path = `clusters[${index}].discovery`;
    return Array.isArray(discovery)
      ? discovery.flatMap((source, place) => readEnvoyAdmin(source, `${path}[${place}]`))
      : readEnvoyAdmin(discovery, path);
  });
}

function readEnvoyAdmin(source: unknown, path: string): readonly Placed<Address>[] {
  const section = isPlainObject(source) && source['type'] === 'envoy' ? readSound(EnvoySourceSchema, source) : null;
  return section === null ? [] : [{ path: `${path}.admin`, value: toEnvoyConfig(section).admin }];
}

/** The admin listener is on this machine alone, where every loopback address with its port is taken for it. */
function isSame(admin: Address, own: Address): boolean {
  if (admin.kind === 'unix' || own.kind === 'unix') {
    return formatAddress(admin) === formatAddress(own);
  }
  return admin.port === own.port && own.port !== 0 && (admin.host === own.host || (isHere(admin.host) && isHere(own.host)));
}

function isHere(host: string): boolean {
  return host === 'localhost' || isLoopback(host) || host === '0.0.0.0' || host === '::';
}
