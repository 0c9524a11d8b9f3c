import { randomUUID } from 'node:crypto';
import { createField, type Field, type FieldList, knownName, NameId } from '../http2/index.ts';

/** What happens to a header that names the client: our word is added, replaces what came, or nothing is done. */
export type ForwardedPolicy = 'append' | 'replace' | 'keep';

/** What happens to `x-request-id`: nothing, one is made where there is none, or always. */
export type RequestIdPolicy = 'keep' | 'create' | 'replace';

/** How requests are marked before they are relayed. */
export interface ForwardedHeadersOptions {
  /** For `x-forwarded-for`; `x-forwarded-proto` follows: set where there is none, replaced, or kept. Default append. Envoy: `use_remote_address`. */
  readonly forwardedFor: ForwardedPolicy;
  /** Default keep. Envoy: `generate_request_id`, `preserve_external_request_id`. */
  readonly requestId: RequestIdPolicy;
}

export const DEFAULT_FORWARDED_HEADERS: ForwardedHeadersOptions = Object.freeze({ forwardedFor: 'append', requestId: 'keep' });

/**
 * Marks the requests of one client connection. All else passes as it came, W3C trace context included. Fields that are the same for every
 * request of the connection are made once.
 */
export class ForwardedHeaders {
  readonly #options: ForwardedHeadersOptions;
  readonly #address: string;
  /** Null for a client without an address. */
  readonly #forwardedFor: Field | null;
  readonly #forwardedProto: Field;

  constructor(options: ForwardedHeadersOptions, peer: { readonly remoteAddress: string; readonly isTls: boolean }) {
    this.#options = options;
    this.#address = peer.remoteAddress;
    this.#forwardedFor =
      peer.remoteAddress === '' ? null : createField(knownName(NameId.X_FORWARDED_FOR), Buffer.from(peer.remoteAddress));
    this.#forwardedProto = createField(knownName(NameId.X_FORWARDED_PROTO), Buffer.from(peer.isTls ? 'https' : 'http'));
  }

  /** Changes the list of a request that is about to be relayed. */
  apply(fields: FieldList): void {
    const { forwardedFor, requestId } = this.#options;
    if (forwardedFor !== 'keep') {
      this.#markProto(fields, forwardedFor);
      this.#markAddress(fields, forwardedFor);
    }
    if (requestId !== 'keep') {
      markRequestId(fields, requestId);
    }
  }

  #markProto(fields: FieldList, policy: ForwardedPolicy): void {
    if (policy === 'replace') {
      fields.remove(NameId.X_FORWARDED_PROTO);
    } else if (fields.get(NameId.X_FORWARDED_PROTO) !== null) {
      // Whoever was asked first knows what the client speaks.
      return;
    }
    fields.push(this.#forwardedProto);
  }

  #markAddress(fields: FieldList, policy: ForwardedPolicy): void {
    if (policy === 'replace') {
      fields.remove(NameId.X_FORWARDED_FOR);
    }
    if (this.#forwardedFor === null) {
      return;
    }
    const before = fields.get(NameId.X_FORWARDED_FOR);
    if (before === null) {
      fields.push(this.#forwardedFor);
      return;
    }
    appendAddress(fields, this.#address);
  }
}

/** Several fields are one list (RFC 9110, section 5.3), whose last element has to be ours. */
function appendAddress(fields: FieldList, address: string): void {
  let list = '';
  for (let index = 0; index < fields.length; index++) {
    const field = fields.at(index);
    if (field.name.id === NameId.X_FORWARDED_FOR && field.length > 0) {
      list += `${field.valueText()}, `;
    }
  }
  fields.remove(NameId.X_FORWARDED_FOR);
  fields.pushText('x-forwarded-for', list + address);
}

function markRequestId(fields: FieldList, policy: RequestIdPolicy): void {
  if (policy === 'replace') {
    fields.remove(NameId.X_REQUEST_ID);
  } else if (fields.get(NameId.X_REQUEST_ID) !== null) {
    return;
  }
  fields.pushText('x-request-id', randomUUID());
}
