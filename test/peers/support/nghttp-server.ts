import { accepts } from './accepts.ts';
import { Child } from './child.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-ports.ts';
import { nghttpd } from './tools.ts';
import { WorkFolder } from './work-folder.ts';

/** nghttpd over cleartext, which answers GET and POST of `/` with a small page. */
export class NghttpServer implements AsyncDisposable {
  /** Such as `127.0.0.1:40001`. */
  readonly address: string;
  readonly child: Child;
  readonly #folder: WorkFolder;

  private constructor(port: number, child: Child, folder: WorkFolder) {
    this.address = `127.0.0.1:${port}`;
    this.child = child;
    this.#folder = folder;
  }

  static async start(): Promise<NghttpServer> {
    const [port, folder] = await Promise.all([freePort(), WorkFolder.create()]);
    await folder.write('index.html', 'answered by nghttpd\n');
    const child = await Child.start(nghttpd(), [
      '--no-tls',
      '--address=127.0.0.1',
      `--htdocs=${folder.path}`,
      '--workers=1',
      String(port),
    ]);
    await eventually(
      'nghttpd listens',
      () => {
        child.assertRunning();
        return accepts(port);
      },
      (isUp) => isUp,
    );
    return new NghttpServer(port, child, folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child.kill();
    await this.#folder[Symbol.asyncDispose]();
  }
}
