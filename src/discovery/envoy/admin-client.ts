import type { Agent } from 'undici';
import { toError } from '../../errors.ts';
import { type Address, formatAddress } from '../../model/address.ts';
import { undici } from '../../util/late-modules.ts';
import { describeSocketError, errorCode } from '../../util/socket-reasons.ts';

/** One answer whose body is still to be read. */
export interface AdminAnswer {
  readonly status: number;
  /** In lower case, without parameters; empty if there is none. */
  readonly contentType: string;
  /** Whether the answer tells how long it is, so that a body that was cut off is noticed. */
  readonly isFramed: boolean;
  /** Fails where the connection breaks or the time is over. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** What the request says of who asks. */
const USER_AGENT = 'grpc-health-bridge';

/**
 * Asks the admin interface of one Envoy. Nothing but GET is ever sent: other methods may change the Envoy. A connection is used once,
 * as one that Envoy has closed in the meantime would look like an Envoy that is away.
 */
export class AdminClient {
  readonly #origin: string;
  readonly #agent: Agent;

  constructor(admin: Address) {
    this.#origin = admin.kind === 'unix' ? 'http://localhost' : `http://${formatAddress(admin)}`;
    this.#agent = new (undici().Agent)({
      pipelining: 0,
      allowH2: false,
      headersTimeout: 0,
      bodyTimeout: 0,
      // The caller's signal bounds connecting too.
      connect: { timeout: 0, ...(admin.kind === 'unix' ? { socketPath: admin.path } : {}) },
    });
  }

  /** Rejects with whatever the connection failed with, or when `signal` aborts. Redirects are answers like any other. */
  async get(path: string, signal: AbortSignal): Promise<AdminAnswer> {
    const { statusCode, headers, body } = await this.#agent.request({
      origin: this.#origin,
      path,
      method: 'GET',
      headers: { 'user-agent': USER_AGENT },
      signal,
    });
    return {
      status: statusCode,
      contentType: firstOf(headers['content-type']).split(';', 1)[0]?.trim().toLowerCase() ?? '',
      isFramed: headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined,
      body,
    };
  }

  /** Ends everything at once. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

/** Why there was no answer, or no whole one. */
export function describeAdminError(thrown: unknown): string {
  const error = toError(thrown);
  const code = errorCode(error);
  return code.startsWith('UND_ERR') ? `the answer broke off (${error.message})` : describeSocketError(code, error.message);
}

function firstOf(value: string | readonly string[] | undefined): string {
  return typeof value === 'string' ? value : (value?.[0] ?? '');
}
