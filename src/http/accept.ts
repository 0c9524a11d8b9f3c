/** What a client will take of the two formats of an answer: `q` of RFC 9110, section 12.5.1, 0 to 1. */
interface Quality {
  text: number;
  json: number;
}

/** Only a client that wants to cost us time sends more media ranges than this; the rest is not read. */
export const MAX_MEDIA_RANGES = 32;

/** By how much a media range names each format: the most specific one that matches decides. */
const SPECIFICITY: ReadonlyMap<string, { readonly text: number; readonly json: number }> = new Map([
  ['text/plain', { text: 3, json: 0 }],
  ['application/health+json', { text: 0, json: 3 }],
  ['text/*', { text: 2, json: 0 }],
  ['application/*', { text: 0, json: 2 }],
  ['*/*', { text: 1, json: 1 }],
]);
/** RFC 9110, section 12.4.2: at most three decimals. */
const QUALITY = /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/;

/**
 * Whether the Accept field asks for health+json rather than text. Text is what a client gets that likes both equally or
 * neither: a health answer is never withheld over its format, so that no 406 exists.
 */
export function prefersHealthJson(accept: string | undefined): boolean {
  // What kubelet and most others send, answered without parsing.
  if (accept === undefined || accept === '' || accept === '*/*') {
    return false;
  }
  const quality: Quality = { text: 0, json: 0 };
  const decided: Quality = { text: 0, json: 0 };
  for (const range of accept.split(',', MAX_MEDIA_RANGES)) {
    const [type = '', ...parameters] = range.split(';');
    const specificity = SPECIFICITY.get(type.trim().toLowerCase());
    if (specificity !== undefined) {
      const q = parseQuality(parameters);
      if (specificity.text > decided.text) {
        decided.text = specificity.text;
        quality.text = q;
      }
      if (specificity.json > decided.json) {
        decided.json = specificity.json;
        quality.json = q;
      }
    }
  }
  return quality.json > quality.text;
}

/** Parameters other than `q` are passed over; a broken `q` counts as 0, so that it never wins. */
export function parseQuality(parameters: readonly string[]): number {
  for (const parameter of parameters) {
    const [name = '', value = ''] = parameter.split('=', 2);
    if (name.trim().toLowerCase() === 'q') {
      const text = value.trim();
      return QUALITY.test(text) ? Number(text) : 0;
    }
  }
  return 1;
}
