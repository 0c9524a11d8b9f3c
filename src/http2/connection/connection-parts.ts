import { MIN_MAX_FRAME_OCTETS } from '../frame/constants.ts';
import { FrameDecoder } from '../frame/frame-decoder.ts';
import { FrameEncoder } from '../frame/frame-encoder.ts';
import { OutputBuffer } from '../frame/output-buffer.ts';
import { HpackDecoder } from '../hpack/hpack-decoder.ts';
import { HpackEncoder } from '../hpack/hpack-encoder.ts';
import { Stream } from '../stream/stream.ts';
import type { ConnectionContext } from './context.ts';
import { DataReceiver } from './data-receiver.ts';
import { Deadlines } from './deadlines.ts';
import { HeaderReceiver } from './header-receiver.ts';
import { Input } from './input.ts';
import { Liveness } from './liveness.ts';
import { Pings } from './pings.ts';
import { ReceiveCredit } from './receive-credit.ts';
import { Receiver } from './receiver.ts';
import { Sender } from './sender.ts';
import { SettingsSync } from './settings-sync.ts';
import { Shutdown } from './shutdown.ts';
import { StreamCalls } from './stream-calls.ts';
import { StreamRegistry } from './stream-registry.ts';
import { StreamResets } from './stream-resets.ts';
import { Sweeper } from './sweeper.ts';

/** One connection's parts, each of which knows only those that it was given. */
export interface ConnectionParts {
  readonly output: OutputBuffer;
  readonly frames: FrameEncoder;
  readonly streams: StreamRegistry;
  readonly sender: Sender;
  readonly credit: ReceiveCredit;
  readonly pings: Pings;
  readonly settings: SettingsSync;
  readonly shutdown: Shutdown;
  readonly liveness: Liveness;
  readonly deadlines: Deadlines;
  readonly input: Input;
  readonly sweeper: Sweeper;
}

/** Makes the parts and joins them. `tellDue` tells the owner what has ended. */
export function createParts(context: ConnectionContext, tellDue: () => void): ConnectionParts {
  const { options } = context;
  const output = new OutputBuffer(options.slabs);
  const frames = new FrameEncoder(output);
  const encoder = new HpackEncoder();
  const hpack = new HpackDecoder({
    maxTableBytes: options.headerTableBytes,
    maxListBytes: options.limits.maxHeaderListBytes,
    maxFields: options.limits.maxHeaderFields,
  });
  const streams = new StreamRegistry(context, () => new Stream(calls));
  const sender = new Sender(context, frames, encoder, streams);
  const credit = new ReceiveCredit(context, frames, streams);
  const calls = new StreamCalls(sender, credit);

  const pings = new Pings(frames);
  const settings = new SettingsSync(context, { frames, sender, streams, decoder: hpack, encoder });
  const shutdown = new Shutdown(context, frames, streams, pings);
  const liveness = new Liveness(context, streams, pings);
  const headers = new HeaderReceiver(context, { frames, hpack, streams, settings, shutdown });
  const data = new DataReceiver(context, streams, credit);
  const control = { frames, sender, streams, settings, shutdown, liveness, pings };
  const receiver = new Receiver(context, control, data, headers);
  const decoder = new FrameDecoder(receiver, MIN_MAX_FRAME_OCTETS, context.gate);
  const deadlines = new Deadlines(context, { decoder, output, sender, settings, streams });
  const resets = new StreamResets(context, frames, streams);
  const input = new Input(context, { decoder, headers, resets }, tellDue);
  const sweeper = new Sweeper(context, { deadlines, liveness, sender, streams, output, credit, shutdown, resets });
  return { output, frames, streams, sender, credit, pings, settings, shutdown, liveness, deadlines, input, sweeper };
}
