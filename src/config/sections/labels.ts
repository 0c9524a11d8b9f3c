import { Type } from 'typebox';
import { MAX_LABEL_NAME_LENGTH, MAX_LABEL_VALUE_LENGTH, MAX_LABELS } from '../../model/endpoint.ts';
import type { KeyNotes } from '../notes.ts';
import { withTest } from '../rules.ts';

/** The pattern of names of labels: those that Kubernetes allows, and a little more. */
export const LABEL_NAME_PATTERN: string = `^[A-Za-z0-9._/-]{1,${MAX_LABEL_NAME_LENGTH}}$`;

/** The key `labels` of a source. */
export function sourceLabelsKey(): Type.TOptional<Type.TRecord<string, Type.TString>> {
  return Type.Optional(
    labelsKey(
      'What all endpoints of this source have, for subsets to choose by; labels of an endpoint itself go before them. Envoy: `metadata.filter_metadata` of `envoy.lb`; gRPC: no twin.',
    ),
  );
}

/** Names and values, such as `{ version: v1 }`; at least `minimum` of them, which is 0 or 1. */
export function labelsKey(
  description: string,
  { minimum = 0, defaultText = 'none' }: { readonly minimum?: number; readonly defaultText?: string } = {},
): Type.TRecord<string, Type.TString> {
  const labels = Type.Record(
    Type.String({ pattern: LABEL_NAME_PATTERN }),
    Type.String({
      description: 'The value.',
      pattern: '^[ -~]*$',
      maxLength: MAX_LABEL_VALUE_LENGTH,
      expects: `printable ASCII of at most ${MAX_LABEL_VALUE_LENGTH} characters`,
      kind: 'text',
    } satisfies KeyNotes & Type.TStringOptions),
    {
      description,
      defaultText,
      additionalProperties: false,
      maxProperties: MAX_LABELS,
      expects: `an object of names and texts, ${MAX_LABELS} at most`,
      kind: '{ name: text }',
    } satisfies KeyNotes & Type.TObjectOptions,
  );
  return minimum === 0 ? labels : withTest(labels, 'needs a label at least', (value) => Object.keys(value).length >= minimum);
}
