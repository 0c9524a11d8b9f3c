import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Child } from './child.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-ports.ts';
import { dnsmasq } from './tools.ts';
import { WorkFolder } from './work-folder.ts';

/** The second octet of flags: QR is in the first, RCODE 2 is SERVFAIL (RFC 1035, 4.1.1). */
const RESPONSE_FLAG = 0x80;
const SERVFAIL = 2;

/** Names and their addresses; a name that is not in it does not exist. */
export type Zone = Readonly<Record<string, readonly string[]>>;

/** An SRV record, which stays for as long as the server does. */
export interface Service {
  readonly name: string;
  readonly target: string;
  readonly port: number;
  /** Default 0. */
  readonly priority?: number;
}

/**
 * dnsmasq, authoritative for what it is given, with a TTL of one second. Names under `servfail.test` that it does not
 * have are answered SERVFAIL, all others NXDOMAIN.
 */
export class Dnsmasq {
  /** Such as `127.0.0.1:40053`, for `resolvers`. */
  readonly address: string;
  readonly #child: Child;
  readonly #folder: WorkFolder;
  readonly #broken: Socket;
  #loads = 1;

  private constructor(port: number, child: Child, folder: WorkFolder, broken: Socket) {
    this.address = `127.0.0.1:${port}`;
    this.#child = child;
    this.#folder = folder;
    this.#broken = broken;
  }

  static async start(zone: Zone, services: readonly Service[] = []): Promise<Dnsmasq> {
    const [port, broken, folder] = await Promise.all([freePort(), startBrokenServer(), WorkFolder.create()]);
    const hosts = await folder.write('hosts', formatHosts(zone));
    const child = await Child.start(dnsmasq(), [
      '--keep-in-foreground',
      '--conf-file=/dev/null',
      '--pid-file=',
      '--log-facility=-',
      '--user=root',
      `--port=${port}`,
      '--listen-address=127.0.0.1',
      '--bind-interfaces',
      '--no-resolv',
      '--no-hosts',
      '--cache-size=0',
      '--local-ttl=1',
      '--local=/#/',
      `--server=/servfail.test/127.0.0.1#${broken.address().port}`,
      `--addn-hosts=${hosts}`,
      ...services.map(({ name, target, port, priority = 0 }) => `--srv-host=${name},${target},${port},${priority},1`),
    ]);
    const started = new Dnsmasq(port, child, folder, broken);
    await started.#loaded();
    return started;
  }

  /** Replaces every name at once; holds when this resolves. */
  async replace(zone: Zone): Promise<void> {
    await writeFile(join(this.#folder.path, 'hosts'), formatHosts(zone));
    this.#loads += 1;
    this.#child.signal('SIGHUP');
    await this.#loaded();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.kill();
    this.#broken.close();
    await this.#folder[Symbol.asyncDispose]();
  }

  /** It logs a line for every time it has read its hosts. */
  async #loaded(): Promise<void> {
    await eventually(
      'dnsmasq has read its hosts',
      () => {
        this.#child.assertRunning();
        return this.#child.stderr.split(/read .*hosts/).length - 1;
      },
      (times) => times >= this.#loads,
    );
  }
}

function formatHosts(zone: Zone): string {
  return Object.entries(zone)
    .flatMap(([name, addresses]) => addresses.map((address) => `${address} ${name}\n`))
    .join('');
}

/** Answers every question with SERVFAIL. */
async function startBrokenServer(): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.on('message', (question, from) => {
    const answer = Buffer.from(question);
    answer.writeUInt8(question.readUInt8(2) | RESPONSE_FLAG, 2);
    answer.writeUInt8(SERVFAIL, 3);
    socket.send(answer, from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}
