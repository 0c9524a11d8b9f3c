/** The gRPC codes of HTTP statuses by the table of google.rpc.Code, which takes a status for what it means rather than for a failed gRPC call. */
const CODES: ReadonlyMap<number, number> = new Map([
  [400, 3],
  [401, 16],
  [403, 7],
  [404, 5],
  [408, 4],
  [409, 10],
  [429, 8],
  [499, 1],
  [500, 13],
  [501, 12],
  [502, 14],
  [503, 14],
  [504, 4],
]);
const UNKNOWN = 2;
const FAILED_PRECONDITION = 9;
const INTERNAL = 13;

/** The code that a plain HTTP request counts under: 0 for everything below 400, as it is no error; `status` 0 is no response at all. */
export function codeOfHttpStatus(status: number): number {
  if (status >= 100 && status < 400) {
    return 0;
  }
  const known = CODES.get(status);
  if (known !== undefined) {
    return known;
  }
  return status >= 400 && status < 500 ? FAILED_PRECONDITION : status >= 500 && status < 600 ? INTERNAL : UNKNOWN;
}
