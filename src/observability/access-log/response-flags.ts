import { LocalReason, RetryDenial } from '../../proxy/local-reason.ts';
import type { CallView } from '../../proxy/observer.ts';

/** Envoy's words for answers that were made here (its documentation, "%RESPONSE_FLAGS%"); null where it has none. */
const FLAGS: Readonly<Record<LocalReason, string | null>> = {
  [LocalReason.NO_ROUTE]: 'NR',
  [LocalReason.CLIENT_CERTIFICATE_REQUIRED]: null,
  [LocalReason.CLIENT_CERTIFICATE_INVALID]: null,
  [LocalReason.CLIENT_NOT_ALLOWED]: null,
  [LocalReason.NO_UPSTREAM]: 'UH',
  [LocalReason.CONNECT_FAILED]: 'UF',
  [LocalReason.CONNECT_TIMEOUT]: 'UF',
  [LocalReason.TLS_FAILED]: 'UF',
  [LocalReason.OVERFLOW]: 'UO',
  [LocalReason.QUEUE_TIMEOUT]: 'UO',
  [LocalReason.REFUSED]: 'UR',
  [LocalReason.CONNECTION_LOST]: 'UC',
  [LocalReason.UPSTREAM_PROTOCOL]: 'UPE',
  [LocalReason.UPSTREAM_HEADERS_TOO_LARGE]: 'UPE',
  [LocalReason.HEADERS_TOO_LARGE]: 'DPE',
  [LocalReason.DEADLINE]: 'DT',
  [LocalReason.ROUTE_TIMEOUT]: 'UT',
  [LocalReason.TRY_TIMEOUT]: 'UT',
  [LocalReason.REQUEST_TIMEOUT]: null,
  [LocalReason.WRONG_PROTOCOL]: 'UPE',
  [LocalReason.NOT_IMPLEMENTED]: null,
  [LocalReason.BAD_REQUEST]: 'DPE',
  [LocalReason.INTERNAL]: null,
  [LocalReason.DRAINING]: 'LR',
};

/** The words for a call that was not repeated once more. */
const DENIALS: Readonly<Record<RetryDenial, string>> = {
  [RetryDenial.LIMIT]: 'URX',
  [RetryDenial.OVERFLOW]: 'UO',
};

const CLIENT_GONE = 'DC';
const CLIENT_RESET = 'DR';
const UPSTREAM_RESET = 'UR';

/** Why the call ended as it did, in Envoy's words; null if there is nothing to say. */
export function responseFlagOf(call: CallView): string | null {
  const flag = flagOfEnd(call);
  if (call.retryDenial === null) {
    return flag;
  }
  const denial = DENIALS[call.retryDenial];
  return flag === null ? denial : `${flag},${denial}`;
}

function flagOfEnd({ localReason, isCancelled, isClientGone, isUpstreamReset }: CallView): string | null {
  if (localReason !== null) {
    return FLAGS[localReason];
  }
  if (isCancelled) {
    return isClientGone ? CLIENT_GONE : CLIENT_RESET;
  }
  return isUpstreamReset ? UPSTREAM_RESET : null;
}

/** All of them, for documentation and tests. */
export const RESPONSE_FLAGS: readonly string[] = [
  ...new Set(
    [...Object.values(FLAGS), ...Object.values(DENIALS), CLIENT_GONE, CLIENT_RESET, UPSTREAM_RESET].filter(
      (flag) => flag !== null,
    ),
  ),
];
