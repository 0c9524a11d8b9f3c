/** Header fields as they are on the wire: name, value, name, value. A character stands for an octet. */
export type RawFields = readonly string[];

/** RFC 9110, section 7.6.1: these concern one connection, whether or not Connection names them. HTTP2-Settings is of the h2c upgrade. */
const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]);

/** RFC 9110, section 6.5.1: fields for framing, routing and control are no trailers, whatever the sender says. */
const NO_TRAILERS: ReadonlySet<string> = new Set([
  ...CONNECTION_FIELDS,
  'authorization',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'host',
  'set-cookie',
  'trailer',
]);

/** The values of all fields of that name, which is in small letters. */
export function valuesOf(fields: RawFields, name: string): readonly string[] {
  const values: string[] = [];
  for (let index = 0; index + 1 < fields.length; index += 2) {
    if (isNamed(fields, index, name)) {
      values.push(fields[index + 1] ?? '');
    }
  }
  return values;
}

/** Whether a list such as that of Connection or TE has the element, parameters and case aside. `name` and `element` are in small letters. */
export function hasElement(fields: RawFields, name: string, element: string): boolean {
  return valuesOf(fields, name).some((value) => elementsOf(value).includes(element));
}

/** Without the fields that concern one connection, those that Connection names, and those in `dropped`, all in small letters. */
export function removeConnectionFields(fields: RawFields, dropped: readonly string[]): string[] {
  const named = new Set([...dropped, ...valuesOf(fields, 'connection').flatMap(elementsOf)]);
  return keepFields(fields, (name) => !CONNECTION_FIELDS.has(name) && !named.has(name));
}

/** What may be passed on of a trailer section. */
export function toTrailers(fields: RawFields): string[] {
  return keepFields(fields, (name) => !NO_TRAILERS.has(name));
}

/** The fields for which the predicate holds; it gets the name in small letters. */
export function keepFields(fields: RawFields, isKept: (name: string) => boolean): string[] {
  const kept: string[] = [];
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const name = fields[index] ?? '';
    if (isKept(name.toLowerCase())) {
      kept.push(name, fields[index + 1] ?? '');
    }
  }
  return kept;
}

/** What undici gives of a header or trailer section: buffers, in turn name and value. */
export function toRawFields(given: unknown): RawFields {
  return Array.isArray(given) ? given.map(toText) : [];
}

function toText(part: unknown): string {
  return Buffer.isBuffer(part) ? part.toString('latin1') : String(part);
}

function isNamed(fields: RawFields, index: number, name: string): boolean {
  const given = fields[index] ?? '';
  return given.length === name.length && given.toLowerCase() === name;
}

function elementsOf(value: string): readonly string[] {
  return value.split(',').map((element) => (element.split(';', 1)[0] ?? '').trim().toLowerCase());
}
