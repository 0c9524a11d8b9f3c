import { FieldList } from '../../../src/http2/index.ts';

/** A field list of those names and values. */
export function list(fields: readonly (readonly [string, string])[]): FieldList {
  const made = new FieldList();
  for (const [name, value] of fields) {
    made.pushText(name, value);
  }
  return made;
}

/** The value of the first field of that name, or an empty string. */
export function valueOf(fields: FieldList, name: string): string {
  for (let index = 0; index < fields.length; index++) {
    const field = fields.at(index);
    if (field.name.text === name) {
      return field.valueText();
    }
  }
  return '';
}

/** A gRPC request. */
export const request = (): FieldList =>
  list([
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', '/pkg.Service/Method'],
    [':authority', 'localhost'],
    ['content-type', 'application/grpc'],
    ['te', 'trailers'],
  ]);

export const response = (): FieldList =>
  list([
    [':status', '200'],
    ['content-type', 'application/grpc'],
  ]);

export const trailers = (): FieldList => list([['grpc-status', '0']]);
