import type { handleBidiStreamingCall, handleUnaryCall, UntypedServiceImplementation } from '@grpc/grpc-js';

/** `demo.EchoRequest`. */
interface EchoRequest {
  readonly text: string;
}

/** `demo.EchoReply`. */
interface EchoReply {
  readonly text: string;
  readonly backend: string;
}

/** `demo.Echo` as one backend serves it. @param backend what it calls itself. */
export function createEcho(backend: string): UntypedServiceImplementation {
  const say: handleUnaryCall<EchoRequest, EchoReply> = ({ request }, callback) => callback(null, { text: request.text, backend });
  const chat: handleBidiStreamingCall<EchoRequest, EchoReply> = (call) => {
    call.on('data', ({ text }: EchoRequest) => {
      if (!call.write({ text, backend })) {
        // Who sends and does not read is not read from.
        call.pause();
        call.once('drain', () => call.resume());
      }
    });
    call.once('end', () => call.end());
  };
  return { say, chat };
}
