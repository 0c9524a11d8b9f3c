// floor.ts CERTIFICATE KEY LISTEN:UPSTREAM[:tls]...: copies octets between sockets, and does nothing else.
import { readFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

const [certificateFile = '', privateKeyFile = '', ...pairs] = process.argv.slice(2);

for (const pair of pairs) {
  const [listenPort, upstreamPort, tls] = pair.split(':');
  const onSocket = (downstream: Socket): void => {
    const upstream = connect({ port: Number(upstreamPort), host: '127.0.0.1', noDelay: true });
    join(downstream, upstream);
    join(upstream, downstream);
  };
  const server =
    tls === 'tls'
      ? createTlsServer(
          { cert: readFileSync(certificateFile), key: readFileSync(privateKeyFile), ALPNProtocols: ['h2'], noDelay: true },
          onSocket,
        )
      : createServer({ noDelay: true }, onSocket);
  server.listen(Number(listenPort), '127.0.0.1');
}

function join(from: Socket, to: Socket): void {
  from.on('data', (octets: Buffer) => {
    if (!to.write(octets)) {
      from.pause();
    }
  });
  to.on('drain', () => from.resume());
  from.on('error', () => undefined);
  from.on('close', () => to.destroy());
}
