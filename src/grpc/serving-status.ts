/** The words of grpc.health.v1's ServingStatus, by their number on the wire. */
const SERVING_STATUSES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'] as const;
export type ServingStatus = (typeof SERVING_STATUSES)[number];

/** The word of a number, or null for one that health.proto does not name: enums are open, so any number may come. */
export function toServingStatus(code: number): ServingStatus | null {
  return SERVING_STATUSES[code] ?? null;
}

/** The number of each word on the wire. */
export const SERVING_STATUS_CODES: Readonly<Record<ServingStatus, number>> = Object.freeze({
  UNKNOWN: 0,
  SERVING: 1,
  NOT_SERVING: 2,
  SERVICE_UNKNOWN: 3,
});
