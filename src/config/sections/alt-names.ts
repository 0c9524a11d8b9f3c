import type { Type } from 'typebox';
import { textKey } from '../keys.ts';
import { MAX_SUBJECT_ALT_NAME_LENGTH, MAX_SUBJECT_ALT_NAMES } from '../limits.ts';
import { listKey } from '../lists.ts';

/** Names of a peer's certificate, of which one must be there. Wildcards are no names. */
export function altNamesKey(options: { readonly description: string; readonly defaultText: string }): Type.TArray<Type.TString> {
  const name = textKey({
    description: 'A URI, DNS name, IP or mail address.',
    expects: `a URI, DNS name, IP or mail address, of 1 to ${MAX_SUBJECT_ALT_NAME_LENGTH} visible characters, without *`,
    kind: 'name',
    maxLength: MAX_SUBJECT_ALT_NAME_LENGTH,
    pattern: '^[!-)+-~]+$',
  });
  return listKey(name, { ...options, minItems: 1, maxItems: MAX_SUBJECT_ALT_NAMES, uniqueBy: String });
}
