import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const TEST_PROTO = fileURLToPath(new URL('test.proto', import.meta.url));

/** What the cases of gRPC's interop tests send and expect. */
export const LARGE_REQUEST_OCTETS = 271_828;
export const LARGE_RESPONSE_OCTETS = 314_159;
export const STREAM_REQUEST_OCTETS: readonly number[] = [27_182, 8, 1_828, 45_904];
export const STREAM_RESPONSE_OCTETS: readonly number[] = [31_415, 9, 2_653, 58_979];
export const ECHO_INITIAL = 'x-grpc-test-echo-initial';
export const ECHO_TRAILING = 'x-grpc-test-echo-trailing-bin';

/** The methods of the service, as messages to pass on. */
export interface Payload {
  readonly body: Buffer;
}

export interface EchoStatus {
  readonly code: number;
  readonly message: string;
}

export interface SimpleRequest {
  readonly responseSize?: number;
  readonly payload?: Payload | null;
  readonly responseStatus?: EchoStatus | null;
}

export interface SimpleResponse {
  readonly payload?: Payload | null;
}

export interface StreamingInputCallRequest {
  readonly payload?: Payload | null;
}

export interface StreamingInputCallResponse {
  readonly aggregatedPayloadSize: number;
}

export interface StreamingOutputCallRequest {
  readonly responseParameters?: readonly { readonly size: number; readonly intervalUs?: number }[];
  readonly payload?: Payload | null;
  readonly responseStatus?: EchoStatus | null;
}

export type StreamingOutputCallResponse = SimpleResponse;

/** `grpc.testing.TestService` as grpc-js wants it. */
export function testService(): ServiceDefinition {
  const service = loadSync(TEST_PROTO, { defaults: true })['grpc.testing.TestService'];
  assert.ok(service !== undefined && typeof service['format'] !== 'string');
  return service;
}

/** Zeroes, as many as asked for. */
export function payload(octets: number): Payload {
  return { body: Buffer.alloc(octets) };
}
