import { type Static, Type } from 'typebox';
import { closed, fileKey, hostNameKey, switchKey } from '../keys.ts';
import { type Finding, withRule } from '../rules.ts';
import { altNamesKey } from './alt-names.ts';

const ClusterTlsShape = Type.Object(
  {
    caFile: Type.Optional(
      fileKey({
        description: 'Certificates to trust, as PEM. Envoy: `trusted_ca`; gRPC: `pem_root_certs` of channel credentials.',
        defaultText: 'those of the system and of Node',
      }),
    ),
    serverName: Type.Optional(
      hostNameKey({
        description:
          'The name to ask for (SNI) and to expect in the certificate. Envoy: `sni` and `match_typed_subject_alt_names`; gRPC: `grpc.ssl_target_name_override`.',
        defaultText: 'the discovered host name, else the address',
      }),
    ),
    certificateFile: Type.Optional(
      fileKey({
        description:
          'Client certificate with its chain, as PEM, for mutual TLS. Envoy: `tls_certificates.certificate_chain`; gRPC: `pem_cert_chain` of channel credentials.',
        defaultText: 'none',
      }),
    ),
    privateKeyFile: Type.Optional(
      fileKey({
        description:
          'Private key of `certificateFile`, as PEM. Envoy: `tls_certificates.private_key`; gRPC: `pem_private_key` of channel credentials.',
        defaultText: 'none',
      }),
    ),
    subjectAltNames: Type.Optional(
      altNamesKey({
        description:
          "Names of which the endpoint's certificate must have one, instead of `serverName`: SPIFFE and other URIs, DNS names, IP and mail addresses, in full. Health checks ask for them too. Envoy: `match_typed_subject_alt_names`, `exact`; gRPC: `match_subject_alt_names` (A29).",
        defaultText: 'the server name, by the rules of HTTPS',
      }),
    ),
    insecureSkipVerify: switchKey({
      description:
        'Accepts any certificate: encryption without proof of who answers. Envoy: `trust_chain_verification` ACCEPT_UNTRUSTED; gRPC: `verify_server_certs` of channel credentials.',
      default: false,
    }),
  },
  closed({
    description: 'TLS towards the endpoints; {} trusts the certificates of the system, without the key it is cleartext.',
  }),
);

/** The key `tls` of a cluster. */
export const ClusterTlsSchema = withRule(ClusterTlsShape, ({ insecureSkipVerify, ...tls }) => [
  ...findHalfPair({ certificateFile: tls.certificateFile, privateKeyFile: tls.privateKeyFile }),
  ...(['caFile', 'subjectAltNames'] as const).flatMap((key): Finding[] =>
    insecureSkipVerify && tls[key] !== undefined
      ? [{ at: [key], message: 'has no effect with insecureSkipVerify: true', got: tls[key] }]
      : [],
  ),
]);

/** A certificate without its key, or a key without its certificate. */
export function findHalfPair(pair: {
  readonly certificateFile: string | undefined;
  readonly privateKeyFile: string | undefined;
}): Finding[] {
  const { certificateFile, privateKeyFile } = pair;
  if ((certificateFile === undefined) === (privateKeyFile === undefined)) {
    return [];
  }
  return certificateFile === undefined
    ? [{ at: ['certificateFile'], message: 'is required with privateKeyFile' }]
    : [{ at: ['privateKeyFile'], message: 'is required with certificateFile' }];
}

/** TLS towards endpoints. Paths of PEM files. */
export interface ClusterTlsConfig {
  /** Null trusts the certificates of the system and of Node. */
  readonly caFile: string | null;
  /** Null takes the endpoint's host name, else its address. */
  readonly serverName: string | null;
  /** Given together with `privateKeyFile`, or null for no client certificate. */
  readonly certificateFile: string | null;
  readonly privateKeyFile: string | null;
  /** Default false. */
  readonly insecureSkipVerify: boolean;
  /** One of these must be in the certificate, instead of the server name; empty checks that. */
  readonly subjectAltNames: readonly string[];
}

export function toClusterTlsConfig(section: Static<typeof ClusterTlsShape>): ClusterTlsConfig {
  return {
    caFile: section.caFile ?? null,
    serverName: section.serverName ?? null,
    certificateFile: section.certificateFile ?? null,
    privateKeyFile: section.privateKeyFile ?? null,
    insecureSkipVerify: section.insecureSkipVerify,
    subjectAltNames: section.subjectAltNames ?? [],
  };
}
