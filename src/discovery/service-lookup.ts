import type { SrvClient, SrvResult } from './dns-client.ts';
import { DEFAULT_SYSTEM_FILES } from './host-lookup.ts';
import { candidatesOf, parseResolvConf, readSystemFile } from './system-names.ts';

/** Looks up where a service is, as programs on this machine look up names. */
export interface ServiceLookup {
  /** Ends when `signal` aborts; never rejects. */
  lookup(name: string, signal: AbortSignal): Promise<SrvResult>;
}

/** The search list for names without a closing dot, then DNS. A hosts file knows no services. */
export class SystemServiceLookup implements ServiceLookup {
  readonly #client: SrvClient;
  readonly #resolvConfFile: string;

  /** @param resolvConfFile default `/etc/resolv.conf`. */
  constructor(client: SrvClient, resolvConfFile: string = DEFAULT_SYSTEM_FILES.resolvConfFile) {
    this.#client = client;
    this.#resolvConfFile = resolvConfFile;
  }

  async lookup(name: string, signal: AbortSignal): Promise<SrvResult> {
    const search = parseResolvConf(await readSystemFile(this.#resolvConfFile));
    for (const candidate of candidatesOf(name, search)) {
      const result = await this.#client.querySrv(candidate, signal);
      // Only a clear no leads on to the next domain: a failure may hide the right one.
      if (result.kind !== 'empty') {
        return result;
      }
    }
    return { kind: 'empty' };
  }
}
