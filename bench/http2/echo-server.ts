/** Serves echoes with the engine on a free port, prints the port, and ends with its standard input. */

import { LOAD_BALANCER_LIMITS } from '../../src/http2/index.ts';
import { EngineServer } from '../../test/support/http2/engine-server.ts';

const server = await EngineServer.start({ connection: { limits: LOAD_BALANCER_LIMITS } });
console.log(server.port);
process.stdin.resume().once('end', () => process.exit(0));
