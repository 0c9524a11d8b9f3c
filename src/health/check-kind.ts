import { WHOLE_ENDPOINT } from './checker.ts';
import type { HealthCheckOptions, TreatOptions } from './options.ts';

/** For checks that know no soft cases. */
const STRICT: TreatOptions = { unimplemented: 'unhealthy', serviceUnknown: 'unhealthy', statusUnknown: 'unhealthy' };

/** What results come in for: gRPC services, or the endpoint as a whole. */
export function checkedNames(healthCheck: HealthCheckOptions): readonly string[] {
  return healthCheck.type === 'grpc' ? healthCheck.services : [WHOLE_ENDPOINT];
}

/** The gRPC services that are checked: none where a check knows none. */
export function checkedServices(healthCheck: HealthCheckOptions): readonly string[] {
  return healthCheck.type === 'grpc' ? healthCheck.services : [];
}

export function treatOf(healthCheck: HealthCheckOptions): TreatOptions {
  return healthCheck.type === 'grpc' ? healthCheck.treat : STRICT;
}
