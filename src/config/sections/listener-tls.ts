import { type Static, Type } from 'typebox';
import { closed, fileKey, switchKey, wordKey } from '../keys.ts';
import { type Finding, withRule } from '../rules.ts';
import { altNamesKey } from './alt-names.ts';
import { findHalfPair } from './cluster-tls.ts';

const ListenerTlsShape = Type.Object(
  {
    certificateFile: Type.Optional(
      fileKey({
        description:
          'Certificate with its chain, as PEM. Envoy: `tls_certificates.certificate_chain`; gRPC: `cert_chain` of server credentials.',
        defaultText: 'none',
      }),
    ),
    privateKeyFile: Type.Optional(
      fileKey({
        description:
          'Private key of `certificateFile`, as PEM. Envoy: `tls_certificates.private_key`; gRPC: `private_key` of server credentials.',
        defaultText: 'none',
      }),
    ),
    selfSigned: switchKey({
      description:
        'In place of files: a P-256 certificate made at start, for load balancers that do not verify. Envoy: no twin; gRPC: no twin.',
      default: false,
    }),
    minVersion: wordKey(['TLSv1.2', 'TLSv1.3'], {
      description: 'The oldest version that is spoken. Envoy: `tls_minimum_protocol_version`; gRPC: `min_tls_version`.',
      default: 'TLSv1.2',
    }),
    clientCertificates: wordKey(['none', 'optional', 'required'], {
      description:
        'Whether clients are asked for certificates. Then one that cannot be verified, or has a wrong name, and with `required` a client without one, is denied every route: UNAUTHENTICATED or PERMISSION_DENIED, 403 over HTTP. Health URLs and `grpc.health.v1` of the bridge stay open to all. Envoy: `require_client_certificate`, where such handshakes fail; gRPC: `client_certificate_request` of server credentials.',
      default: 'none',
    }),
    clientCaFile: Type.Optional(
      fileKey({
        description:
          'Certificates that those of clients are verified against, as PEM; read again when it changes. Envoy: `trusted_ca`; gRPC: `pem_root_certs` of server credentials.',
        defaultText: 'none',
      }),
    ),
    clientSubjectAltNames: Type.Optional(
      altNamesKey({
        description:
          "Names of which a client's certificate must have one: SPIFFE and other URIs, DNS names, IP and mail addresses, in full. Envoy: `match_typed_subject_alt_names`, `exact`; gRPC: `authenticated.principal_name` (A41).",
        defaultText: 'any name',
      }),
    ),
  },
  closed({ description: 'TLS on this listener, with ALPN h2 and http/1.1; without the key it is cleartext.' }),
);

/** The key `tls` of a listener. */
export const ListenerTlsSchema = withRule(ListenerTlsShape, (tls) => [
  ...findCertificateProblems(tls),
  ...findClientProblems(tls),
]);

function findCertificateProblems(tls: Static<typeof ListenerTlsShape>): readonly Finding[] {
  const { certificateFile, privateKeyFile, selfSigned } = tls;
  const hasFile = certificateFile !== undefined || privateKeyFile !== undefined;
  if (selfSigned && hasFile) {
    return [{ at: ['selfSigned'], message: 'excludes certificateFile and privateKeyFile', got: true }];
  }
  if (!selfSigned && !hasFile) {
    return [{ at: [], message: 'needs certificateFile and privateKeyFile, or selfSigned: true' }];
  }
  return findHalfPair({ certificateFile, privateKeyFile });
}

function findClientProblems(tls: Static<typeof ListenerTlsShape>): readonly Finding[] {
  if (tls.clientCertificates !== 'none') {
    return tls.clientCaFile === undefined
      ? [{ at: ['clientCaFile'], message: `is required with clientCertificates: ${tls.clientCertificates}` }]
      : [];
  }
  return (['clientCaFile', 'clientSubjectAltNames'] as const).flatMap((key): Finding[] =>
    tls[key] === undefined ? [] : [{ at: [key], message: 'has no effect with clientCertificates: none', got: tls[key] }],
  );
}

/** TLS on a listener: either both files, or `selfSigned`. */
export interface ListenerTlsConfig {
  /** Path of a PEM file; null exactly if `selfSigned`. */
  readonly certificateFile: string | null;
  /** Path of a PEM file; null exactly if `selfSigned`. */
  readonly privateKeyFile: string | null;
  readonly selfSigned: boolean;
  /** Default TLSv1.2. */
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** Whether clients are asked for certificates, and whether routes need one. Default none. */
  readonly clientCertificates: 'none' | 'optional' | 'required';
  /** Path of a PEM file; null exactly if `clientCertificates` is none. */
  readonly clientCaFile: string | null;
  /** A client's certificate must have one of these; empty takes every verified one. */
  readonly clientSubjectAltNames: readonly string[];
}

/** Fills in what is left out. */
export function toListenerTlsConfig(section: Static<typeof ListenerTlsShape>): ListenerTlsConfig {
  return {
    certificateFile: section.certificateFile ?? null,
    privateKeyFile: section.privateKeyFile ?? null,
    selfSigned: section.selfSigned,
    minVersion: section.minVersion,
    clientCertificates: section.clientCertificates,
    clientCaFile: section.clientCaFile ?? null,
    clientSubjectAltNames: section.clientSubjectAltNames ?? [],
  };
}
