import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { Address } from '../../../src/model/address.ts';

/** Types of records (RFC 1035, section 3.2.2; RFC 3596; RFC 2782). */
const TYPE = { A: 1, CNAME: 5, AAAA: 28, SRV: 33 } as const;
const CLASS_IN = 1;
const RESPONSE = 0x8180;
const TRUNCATED = 0x0200;
/** What a client without EDNS takes over UDP (RFC 1035, section 2.3.4). */
const MAX_UDP_OCTETS = 512;

/** A question as it came. */
export interface Question {
  readonly id: number;
  /** In small letters, without a closing dot. */
  readonly name: string;
  /** Of the addresses that are asked for; 4 where SRV records are. */
  readonly family: 4 | 6;
  readonly isService: boolean;
  readonly protocol: 'udp' | 'tcp';
  /** The question section as it came, to be repeated in an answer. */
  readonly asked: Buffer;
}

/** Addresses of either family, of which those that were asked for are sent; below `cname`, if given. */
export interface AddressesReply {
  readonly addresses: readonly string[];
  /** Seconds; default 60. */
  readonly ttl?: number;
  readonly cname?: string;
  /** Seconds; default `ttl`. */
  readonly cnameTtl?: number;
}

/** SRV records, for who asks for them; everybody else finds none. */
export interface ServicesReply {
  readonly services: readonly {
    /** Empty for the root. */
    readonly target: string;
    readonly port: number;
    /** Default 0. */
    readonly priority?: number;
    /** Default 0. */
    readonly weight?: number;
  }[];
}

/** A response code (RFC 1035, section 4.1.1) and no records. */
export interface CodeReply {
  readonly code: number;
}

/** What the server does with a question. `octets` are sent as they are, and `next` after them; null is silence. */
export type Reply = AddressesReply | ServicesReply | CodeReply | { readonly octets: Buffer; readonly next?: Buffer } | null;

/** A DNS server of a test's own, over UDP and TCP on one port, that builds its answers by hand. */
export class DnsServer implements AsyncDisposable {
  readonly questions: Question[] = [];
  /** Decides about each question; to be replaced at any time. */
  answer: (question: Question) => Reply;
  readonly #udp: UdpSocket;
  readonly #tcp: Server;
  readonly #sockets = new Set<Socket>();
  readonly #port: number;

  private constructor(udp: UdpSocket, tcp: Server, port: number, answer: (question: Question) => Reply) {
    this.answer = answer;
    this.#udp = udp;
    this.#tcp = tcp;
    this.#port = port;
    udp.on('message', (octets, { port: from }) => {
      for (const reply of this.#replies(octets, 'udp')) {
        udp.send(reply, from, '127.0.0.1');
      }
    });
    tcp.on('connection', (socket) => this.#serve(socket));
  }

  static async start(answer: (question: Question) => Reply): Promise<DnsServer> {
    for (;;) {
      const tcp = createServer().listen(0, '127.0.0.1');
      await once(tcp, 'listening');
      const bound = tcp.address();
      const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
      const udp = createSocket('udp4');
      try {
        udp.bind(port, '127.0.0.1');
        await once(udp, 'listening');
        return new DnsServer(udp, tcp, port, answer);
      } catch {
        // Another process has the port for UDP.
        tcp.close();
      }
    }
  }

  get address(): Address {
    return { kind: 'tcp', host: '127.0.0.1', port: this.#port };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) {
      socket.destroy();
    }
    this.#tcp.close();
    this.#udp.close();
    await once(this.#tcp, 'close');
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('error', () => undefined);
    let held = Buffer.alloc(0);
    socket.on('data', (octets: Buffer) => {
      held = Buffer.concat([held, octets]);
      while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
        const end = 2 + held.readUInt16BE(0);
        const replies = this.#replies(held.subarray(2, end), 'tcp');
        held = held.subarray(end);
        for (const reply of replies) {
          const length = Buffer.alloc(2);
          length.writeUInt16BE(reply.length);
          socket.write(Buffer.concat([length, reply]));
        }
      }
    });
  }

  #replies(query: Buffer, protocol: Question['protocol']): readonly Buffer[] {
    const { name, end, type } = readQuestion(query);
    const asked = query.subarray(12, end);
    const family = type === TYPE.AAAA ? 6 : 4;
    const question: Question = { id: query.readUInt16BE(0), name, family, isService: type === TYPE.SRV, protocol, asked };
    this.questions.push(question);
    const reply = this.answer(question);
    if (reply === null) {
      return [];
    }
    if ('octets' in reply) {
      return reply.next === undefined ? [reply.octets] : [reply.octets, reply.next];
    }
    const whole = encodeReply(question, reply);
    return [protocol === 'udp' && whole.length > MAX_UDP_OCTETS ? encodeTruncated(question) : whole];
  }
}

/** The octets of an answer to a question, however many they are. */
export function encodeReply(question: Question, reply: AddressesReply | ServicesReply | CodeReply): Buffer {
  if ('code' in reply) {
    return Buffer.concat([head(question.id, RESPONSE | reply.code, 0), question.asked]);
  }
  const records = 'services' in reply ? servicesOf(reply, question) : recordsOf(reply, question);
  return Buffer.concat([head(question.id, RESPONSE, records.length), question.asked, ...records]);
}

/** The octets that send a client to TCP (RFC 7766, section 5). */
export function encodeTruncated({ id, asked }: Question): Buffer {
  return Buffer.concat([head(id, RESPONSE | TRUNCATED, 0), asked]);
}

function readQuestion(query: Buffer): { name: string; end: number; type: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length).toLowerCase());
    at += 1 + length;
  }
  return { name: labels.join('.'), end: at + 5, type: query.readUInt16BE(at + 1) };
}

function head(id: number, flags: number, answers: number): Buffer {
  const octets = Buffer.alloc(12);
  octets.writeUInt16BE(id, 0);
  octets.writeUInt16BE(flags, 2);
  octets.writeUInt16BE(1, 4);
  octets.writeUInt16BE(answers, 6);
  return octets;
}

function servicesOf({ services }: ServicesReply, { isService }: Question): readonly Buffer[] {
  return (isService ? services : []).map(({ target, port, priority = 0, weight = 0 }) => {
    const fixed = Buffer.alloc(6);
    fixed.writeUInt16BE(priority, 0);
    fixed.writeUInt16BE(weight, 2);
    fixed.writeUInt16BE(port, 4);
    return record(Buffer.from([0xc0, 12]), TYPE.SRV, 60, Buffer.concat([fixed, encodeName(target)]));
  });
}

function recordsOf(reply: AddressesReply, { family, isService }: Question): readonly Buffer[] {
  const wanted = isService ? [] : reply.addresses.filter((address) => address.includes(':') === (family === 6));
  const ttl = reply.ttl ?? 60;
  const owner = reply.cname === undefined ? Buffer.from([0xc0, 12]) : encodeName(reply.cname);
  const alias =
    reply.cname === undefined
      ? []
      : [record(Buffer.from([0xc0, 12]), TYPE.CNAME, reply.cnameTtl ?? ttl, encodeName(reply.cname))];
  const records = wanted.map((address) => record(owner, family === 6 ? TYPE.AAAA : TYPE.A, ttl, encodeAddress(address)));
  return [...alias, ...records];
}

function record(owner: Buffer, type: number, ttl: number, data: Buffer): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(CLASS_IN, 2);
  fixed.writeUInt32BE(ttl, 4);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([owner, fixed, data]);
}

function encodeName(name: string): Buffer {
  const labels = (name === '' ? [] : name.split('.')).map((label) =>
    Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')]),
  );
  return Buffer.concat([...labels, Buffer.from([0])]);
}

function encodeAddress(address: string): Buffer {
  if (!address.includes(':')) {
    return Buffer.from(address.split('.').map(Number));
  }
  const [left = '', right = ''] = address.split('::');
  const octets = Buffer.alloc(16);
  groupsOf(left).forEach((group, index) => octets.writeUInt16BE(group, index * 2));
  groupsOf(right)
    .toReversed()
    .forEach((group, index) => octets.writeUInt16BE(group, 14 - index * 2));
  return octets;
}

function groupsOf(text: string): readonly number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}
