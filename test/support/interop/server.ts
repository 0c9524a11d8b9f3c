import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import {
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerWritableStream,
} from '@grpc/grpc-js';
import type { KeyPair } from '../tls.ts';
import {
  ECHO_INITIAL,
  ECHO_TRAILING,
  type EchoStatus,
  payload,
  type SimpleRequest,
  type SimpleResponse,
  type StreamingInputCallRequest,
  type StreamingInputCallResponse,
  type StreamingOutputCallRequest,
  type StreamingOutputCallResponse,
  testService,
} from './service.ts';

/** The server of gRPC's interop tests, on grpc-js. */
export class InteropServer implements AsyncDisposable {
  readonly port: number;
  readonly #server: Server;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  /** Listens on 127.0.0.1. */
  static async start(tls?: KeyPair): Promise<InteropServer> {
    const server = new Server();
    server.addService(testService(), {
      EmptyCall: emptyCall,
      UnaryCall: unaryCall,
      StreamingInputCall: streamingInputCall,
      StreamingOutputCall: streamingOutputCall,
      FullDuplexCall: fullDuplexCall,
    });
    const credentials =
      tls === undefined
        ? ServerCredentials.createInsecure()
        : ServerCredentials.createSsl(null, [{ private_key: tls.key, cert_chain: tls.cert }]);
    const bind = promisify<string, ServerCredentials, number>(server.bindAsync.bind(server));
    return new InteropServer(server, await bind('127.0.0.1:0', credentials));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.forceShutdown();
  }
}

const emptyCall: handleUnaryCall<object, object> = (call, callback) => {
  call.sendMetadata(echoedInitial(call.metadata));
  callback(null, {}, echoedTrailing(call.metadata));
};

const unaryCall: handleUnaryCall<SimpleRequest, SimpleResponse> = (call, callback) => {
  call.sendMetadata(echoedInitial(call.metadata));
  const failure = wantedStatus(call.request.responseStatus);
  if (failure !== null) {
    callback({ ...failure, metadata: echoedTrailing(call.metadata) });
    return;
  }
  callback(null, { payload: payload(call.request.responseSize ?? 0) }, echoedTrailing(call.metadata));
};

const streamingInputCall: handleClientStreamingCall<StreamingInputCallRequest, StreamingInputCallResponse> = (call, callback) => {
  let octets = 0;
  call.on('data', (request: StreamingInputCallRequest) => {
    octets += request.payload?.body.length ?? 0;
  });
  call.on('end', () => callback(null, { aggregatedPayloadSize: octets }));
};

const streamingOutputCall: handleServerStreamingCall<StreamingOutputCallRequest, StreamingOutputCallResponse> = (call) => {
  void respond(call, call.request).then(() => call.end(echoedTrailing(call.metadata)));
};

const fullDuplexCall: handleBidiStreamingCall<StreamingOutputCallRequest, StreamingOutputCallResponse> = (call) => {
  call.sendMetadata(echoedInitial(call.metadata));
  void answerEach(call);
};

async function answerEach(call: ServerDuplexStream<StreamingOutputCallRequest, StreamingOutputCallResponse>): Promise<void> {
  try {
    // Else the iterator destroys the call at the end of the requests, and with it the answers (grpc/grpc-node#1839); Node 24 does not.
    const requests: AsyncIterable<StreamingOutputCallRequest> = call.iterator({ destroyOnReturn: false });
    for await (const request of requests) {
      const failure = wantedStatus(request.responseStatus);
      if (failure !== null) {
        call.emit('error', { ...failure, metadata: echoedTrailing(call.metadata) });
        return;
      }
      await respond(call, request);
    }
    call.end(echoedTrailing(call.metadata));
  } catch (error) {
    // A call that its client gives up ends here.
    assert.ok(call.cancelled, String(error));
  }
}

async function respond(
  call: Pick<ServerWritableStream<unknown, StreamingOutputCallResponse>, 'write' | 'cancelled'>,
  request: StreamingOutputCallRequest,
): Promise<void> {
  for (const { size, intervalUs = 0 } of request.responseParameters ?? []) {
    if (intervalUs > 0) {
      await sleep(intervalUs / 1_000);
    }
    if (!call.cancelled) {
      call.write({ payload: payload(size) });
    }
  }
}

function wantedStatus(status: EchoStatus | null | undefined): { code: number; details: string } | null {
  return status === null || status === undefined || status.code === 0 ? null : { code: status.code, details: status.message };
}

function echoedInitial(request: Metadata): Metadata {
  return echoed(request, ECHO_INITIAL);
}

function echoedTrailing(request: Metadata): Metadata {
  return echoed(request, ECHO_TRAILING);
}

function echoed(request: Metadata, name: string): Metadata {
  const metadata = new Metadata();
  for (const value of request.get(name)) {
    metadata.add(name, value);
  }
  return metadata;
}
