import { type Channel, type Metadata, status } from '@grpc/grpc-js';
import { type HealthMethod, healthMethod } from './grpc-method.ts';

/** What becomes of a call. `onEnd` is the last, and comes at once when the connection fails. */
export interface HealthCallHandler {
  /** The `content-type` of the answer, empty if it had none. */
  onHeaders(contentType: string): void;
  /** The number of a ServingStatus. */
  onStatus(servingStatus: number): void;
  /** The gRPC status: the server's, or one made by the client library. */
  onEnd(code: number, details: string): void;
}

export interface HealthCallRequest {
  readonly method: 'Check' | 'Watch';
  readonly service: string;
  /** Request headers; never changed, so that calls may share them. */
  readonly metadata: Metadata;
  /** Told to the server as `grpc-timeout`; null is none. Milliseconds. */
  readonly timeoutMs: number | null;
}

/** A running call; `cancel` silences its handler. */
export interface HealthCall {
  cancel(): void;
}

/**
 * Starts a call on the channel itself: the streams and interceptors of grpc-js's clients cost a fifth of a check and give
 * nothing here. The handler is never called before this returns.
 */
export function startHealthCall(channel: Channel, request: HealthCallRequest, handler: HealthCallHandler): HealthCall {
  const method = healthMethod(request.method);
  // Whole milliseconds, as Node keeps a list of timers for every length there is.
  const deadline = request.timeoutMs === null ? Number.POSITIVE_INFINITY : Date.now() + Math.ceil(request.timeoutMs);
  const call = channel.createCall(method.path, deadline, null, null, null);
  let ended = false;
  call.start(request.metadata, {
    onReceiveMetadata(metadata) {
      if (!ended) {
        handler.onHeaders(String(metadata.get('content-type')[0] ?? ''));
      }
    },
    onReceiveMessage(message: unknown) {
      if (ended) {
        return;
      }
      const servingStatus = message instanceof Buffer ? decode(method, message) : null;
      if (servingStatus === null) {
        call.cancelWithStatus(status.INTERNAL, 'the answer is no HealthCheckResponse');
        return;
      }
      handler.onStatus(servingStatus);
      call.startRead();
    },
    onReceiveStatus({ code, details }) {
      if (!ended) {
        ended = true;
        handler.onEnd(code, details);
      }
    },
  });
  call.sendMessageWithContext({}, method.encodeRequest(request.service));
  call.halfClose();
  call.startRead();
  return {
    cancel() {
      ended = true;
      call.cancelWithStatus(status.CANCELLED, 'no longer of interest');
    },
  };
}

function decode(method: HealthMethod, message: Buffer): number | null {
  try {
    return method.decodeStatus(message);
  } catch {
    return null;
  }
}
