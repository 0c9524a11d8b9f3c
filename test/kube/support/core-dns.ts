import { promises } from 'node:dns';
import { Child } from '../../peers/support/child.ts';
import { eventually } from '../../peers/support/eventually.ts';
import { freePort } from '../../peers/support/free-ports.ts';
import { builtTool } from '../../peers/support/tools.ts';
import { WorkFolder } from '../../peers/support/work-folder.ts';
import type { ControlPlane } from './control-plane.ts';

/** What answers carry, in seconds; the default of a cluster is 30. */
const TTL_S = 1;

/** CoreDNS with its kubernetes plugin: the DNS of a cluster, for the zone `cluster.local`. */
export class CoreDns implements AsyncDisposable {
  /** Such as `127.0.0.1:40053`, for `resolvers`. */
  readonly address: string;
  readonly #child: Child;
  readonly #folder: WorkFolder;

  private constructor(address: string, child: Child, folder: WorkFolder) {
    this.address = address;
    this.#child = child;
    this.#folder = folder;
  }

  static async start(plane: ControlPlane): Promise<CoreDns> {
    const [folder, port, kubeconfig] = await Promise.all([
      WorkFolder.create(),
      freePort(),
      plane.writeKubeconfig('coredns.json'),
    ]);
    const corefile = [
      `.:${port} {`,
      '  bind 127.0.0.1',
      '  kubernetes cluster.local {',
      `    kubeconfig ${kubeconfig} test`,
      `    ttl ${TTL_S}`,
      '  }',
      '}',
      '',
    ].join('\n');
    const child = await Child.start(builtTool('coredns', 'scripts/install-kube.sh'), [
      '-conf',
      await folder.write('Corefile', corefile),
    ]);
    const started = new CoreDns(`127.0.0.1:${port}`, child, folder);
    await started.#ready();
    return started;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.kill();
    await this.#folder[Symbol.asyncDispose]();
  }

  /** It answers SERVFAIL until it has seen the Services; `dns-version` is a name that it has of itself. */
  async #ready(): Promise<void> {
    const resolver = new promises.Resolver({ timeout: 500, tries: 1 });
    resolver.setServers([this.address]);
    const look = (): Promise<string> => {
      this.#child.assertRunning();
      return resolver.resolveTxt('dns-version.cluster.local').then(String, (error: unknown) => `failed: ${String(error)}`);
    };
    await eventually('CoreDNS answers', look, (seen) => !seen.startsWith('failed'), { deadlineMs: 30_000 });
  }
}
