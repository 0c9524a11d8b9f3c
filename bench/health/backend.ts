import { createServer, type ServerHttp2Stream } from 'node:http2';

// A child process: a health service on node:http2 alone, on every loopback address, so that it stands for any number of
// endpoints. Told { silent } by message, it answers or does not. Says { port } when it is ready.

const ANSWER = { ':status': 200, 'content-type': 'application/grpc' };
/** A message of grpc.health.v1 with SERVING, after gRPC's prefix of five octets. */
const SERVING = Buffer.from([0, 0, 0, 0, 2, 0x08, 0x01]);

let silent = false;

function serve(stream: ServerHttp2Stream, path: unknown): void {
  stream.on('error', () => undefined);
  stream.resume();
  if (silent) {
    return;
  }
  if (path === '/grpc.health.v1.Health/Watch') {
    stream.respond(ANSWER);
    stream.write(SERVING);
    return;
  }
  stream.respond(ANSWER, { waitForTrailers: true });
  stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(SERVING);
}

const server = createServer();
server.on('stream', (stream, headers) => serve(stream, headers[':path']));
server.on('session', (session) => session.on('error', () => undefined));
server.listen(0, '0.0.0.0', () => {
  const address = server.address();
  if (typeof address === 'object' && address !== null) {
    process.send?.({ port: address.port });
  }
});
process.on('message', (message) => {
  silent = typeof message === 'object' && message !== null && 'silent' in message && message.silent === true;
});
// Whoever started it is gone.
process.on('disconnect', () => process.exit());
