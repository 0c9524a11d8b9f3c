import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Metadata, status } from '@grpc/grpc-js';
import { endOf, type InteropClient } from './client.ts';
import {
  ECHO_INITIAL,
  ECHO_TRAILING,
  LARGE_REQUEST_OCTETS,
  LARGE_RESPONSE_OCTETS,
  payload,
  type SimpleResponse,
  STREAM_REQUEST_OCTETS,
  STREAM_RESPONSE_OCTETS,
  type StreamingOutputCallResponse,
} from './service.ts';

type InteropCase = (client: InteropClient) => Promise<void>;

const LARGE_REQUEST = { responseSize: LARGE_RESPONSE_OCTETS, payload: payload(LARGE_REQUEST_OCTETS) };
const SPECIAL_MESSAGE = '\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n';

/** The cases of gRPC's interop tests that mean something through a proxy, by their names, for a grpc-js client. */
export const INTEROP_CASES: Readonly<Record<string, InteropCase>> = {
  async empty_unary(client) {
    const end = await client.empty();
    assert.deepEqual([end.code, end.message], [status.OK, {}], end.details);
  },
  async large_unary(client) {
    assertLarge(await client.unary(LARGE_REQUEST));
  },
  async client_streaming(client) {
    const { call, done } = client.upload();
    for (const octets of STREAM_REQUEST_OCTETS) {
      call.write({ payload: payload(octets) });
    }
    call.end();
    const end = await done;
    const sum = STREAM_REQUEST_OCTETS.reduce((total, octets) => total + octets, 0);
    assert.deepEqual([end.code, end.message?.aggregatedPayloadSize], [status.OK, sum], end.details);
  },
  async server_streaming(client) {
    const call = client.download({ responseParameters: STREAM_RESPONSE_OCTETS.map((size) => ({ size })) });
    const ended = endOf(call);
    const sizes: number[] = [];
    call.on('data', (response: StreamingOutputCallResponse) => sizes.push(sizeOf(response)));
    assert.equal((await ended).code, status.OK);
    assert.deepEqual(sizes, STREAM_RESPONSE_OCTETS);
  },
  async ping_pong(client) {
    const call = client.duplex();
    const ended = endOf(call);
    for (const [index, size] of STREAM_RESPONSE_OCTETS.entries()) {
      call.write({ responseParameters: [{ size }], payload: payload(STREAM_REQUEST_OCTETS[index] ?? 0) });
      const [response] = await once(call, 'data');
      assert.equal(sizeOf(response), size);
    }
    call.end();
    assert.equal((await ended).code, status.OK);
  },
  async empty_stream(client) {
    const call = client.duplex();
    const ended = endOf(call);
    call.on('data', () => assert.fail('a message of an empty stream'));
    call.end();
    assert.equal((await ended).code, status.OK);
  },
  async custom_metadata(client) {
    const octets = Buffer.from([0xab, 0xab, 0xab]);
    const metadata = new Metadata();
    metadata.set(ECHO_INITIAL, 'test_initial_metadata_value');
    metadata.set(ECHO_TRAILING, octets);
    const unary = await client.unary(LARGE_REQUEST, { metadata });
    assertLarge(unary);
    const call = client.duplex({ metadata });
    const ended = endOf(call);
    call.on('data', (response: StreamingOutputCallResponse) => assert.equal(sizeOf(response), LARGE_RESPONSE_OCTETS));
    call.write({ responseParameters: [{ size: LARGE_RESPONSE_OCTETS }], payload: payload(LARGE_REQUEST_OCTETS) });
    call.end();
    for (const { initial, trailing } of [unary, await ended]) {
      assert.deepEqual(initial.get(ECHO_INITIAL), ['test_initial_metadata_value']);
      assert.deepEqual(trailing.get(ECHO_TRAILING), [octets]);
    }
  },
  async status_code_and_message(client) {
    const responseStatus = { code: status.UNKNOWN, message: 'test status message' };
    const unary = await client.unary({ responseStatus });
    assert.deepEqual([unary.code, unary.details], [status.UNKNOWN, 'test status message']);
    const call = client.duplex();
    const ended = endOf(call);
    call.resume();
    call.write({ responseStatus });
    call.end();
    const stream = await ended;
    assert.deepEqual([stream.code, stream.details], [status.UNKNOWN, 'test status message']);
  },
  async special_status_message(client) {
    const end = await client.unary({ responseStatus: { code: status.UNKNOWN, message: SPECIAL_MESSAGE } });
    assert.deepEqual([end.code, end.details], [status.UNKNOWN, SPECIAL_MESSAGE]);
  },
  async unimplemented_method(client) {
    assert.equal((await client.unaryAt('/grpc.testing.TestService/UnimplementedCall')).code, status.UNIMPLEMENTED);
  },
  async unimplemented_service(client) {
    assert.equal((await client.unaryAt('/grpc.testing.UnimplementedService/UnimplementedCall')).code, status.UNIMPLEMENTED);
  },
  async cancel_after_begin(client) {
    const { call, done } = client.upload();
    call.cancel();
    assert.equal((await done).code, status.CANCELLED);
  },
  async cancel_after_first_response(client) {
    const call = client.duplex();
    const ended = endOf(call);
    call.write({ responseParameters: [{ size: 31_415 }], payload: payload(27_182) });
    await once(call, 'data');
    call.cancel();
    assert.equal((await ended).code, status.CANCELLED);
  },
  async timeout_on_sleeping_server(client) {
    const call = client.duplex({ timeoutMs: 20 });
    const ended = endOf(call);
    call.resume();
    call.write({ payload: payload(27_182) });
    assert.equal((await ended).code, status.DEADLINE_EXCEEDED);
  },
};

function sizeOf(response: SimpleResponse): number {
  return response.payload?.body.length ?? 0;
}

function assertLarge(end: { readonly code: number; readonly details: string; readonly message: SimpleResponse | null }): void {
  assert.deepEqual([end.code, end.message?.payload?.body.length], [status.OK, LARGE_RESPONSE_OCTETS], end.details);
}
