import type { Socket } from 'node:net';
import { CallCredentials, Channel, ChannelCredentials, type ChannelOptions, experimental } from '@grpc/grpc-js';
import type { Address } from '../model/address.ts';
import { placeOptions } from '../util/either-address.ts';

/** Far more than a status needs, far less than would hurt: a message is an enum, and a check must not be a way in. */
export const MAX_MESSAGE_BYTES = 4_096;

/** The longest timer that Node has: a connection in use by checks never goes idle on its own. Milliseconds. */
const NEVER_IDLE_MS = 2_147_483_647;

/** The scheme under which grpc-js finds our resolver, and the option that carries what it resolves to. */
const SCHEME = 'health-check-endpoint';
const ADDRESS_OPTION = 'grpc.internal.no_subchannel.health_check_address';

export interface GrpcChannelOptions {
  readonly address: Address;
  readonly authority: string;
  readonly userAgent: string;
  /** Whether the socket that `secure` returns speaks TLS. */
  readonly isSecure: boolean;
  /** Takes over each socket that was connected; grpc-js speaks HTTP/2 on the one that it returns. */
  readonly secure: (socket: Socket) => Promise<Socket>;
  /** Ends a connection attempt that is under way. */
  readonly signal: AbortSignal;
}

/** A grpc-js channel to one address, set up so that nothing of it is shared with another, or with the environment. */
export function createGrpcChannel(options: GrpcChannelOptions): Channel {
  registerResolverOnce();
  const { signal } = options;
  const address = options.address.kind === 'unix' ? { path: options.address.path } : placeOptions(options.address);
  return new Channel(`${SCHEME}:endpoint`, new SocketCredentials(options.secure, options.isSecure), {
    ...CHANNEL_OPTIONS,
    'grpc.default_authority': options.authority,
    'grpc.primary_user_agent': options.userAgent,
    [ADDRESS_OPTION]: { ...address, signal },
  });
}

const CHANNEL_OPTIONS: ChannelOptions = {
  // Two checks of one address, by two clusters or in parallel, must not share a connection or its failures.
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_http_proxy': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.enable_retries': 0,
  'grpc.enable_channelz': 0,
  'grpc.client_idle_timeout_ms': NEVER_IDLE_MS,
  'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
};

/** Credentials that hand every new socket to its connection, for TLS, its errors and its end. */
class SocketCredentials extends ChannelCredentials {
  readonly #secure: (socket: Socket) => Promise<Socket>;
  readonly #isSecure: boolean;

  constructor(secure: (socket: Socket) => Promise<Socket>, isSecure: boolean) {
    super();
    this.#secure = secure;
    this.#isSecure = isSecure;
  }

  override _isSecure(): boolean {
    return this.#isSecure;
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  override _createSecureConnector(): experimental.SecureConnector {
    return {
      connect: async (socket) => ({ socket: await this.#secure(socket), secure: this.#isSecure }),
      waitForReady: () => Promise.resolve(),
      getCallCredentials: () => CallCredentials.createEmpty(),
      destroy: () => undefined,
    };
  }
}

/**
 * Resolves to the one address in the channel's options. grpc-js passes it to `net.connect` as it is, so that the
 * address can carry an abort signal: without it a connection attempt that nobody answers would outlive its channel.
 */
class AddressResolver implements experimental.Resolver {
  readonly #listener: experimental.ResolverListener;
  readonly #address: experimental.SubchannelAddress;
  #destroyed = false;

  constructor(_target: experimental.GrpcUri, listener: experimental.ResolverListener, options: ChannelOptions) {
    this.#listener = listener;
    this.#address = options[ADDRESS_OPTION];
  }

  updateResolution(): void {
    process.nextTick(() => {
      if (!this.#destroyed) {
        this.#listener(experimental.statusOrFromValue([{ addresses: [this.#address] }]), {}, null, '');
      }
    });
  }

  destroy(): void {
    this.#destroyed = true;
  }

  /** Only ever the name in a URL that nothing is sent to: `:authority` is set for each channel. */
  static getDefaultAuthority(): string {
    return 'localhost';
  }
}

let resolverRegistered = false;

function registerResolverOnce(): void {
  if (!resolverRegistered) {
    resolverRegistered = true;
    experimental.registerResolver(SCHEME, AddressResolver);
  }
}
