/**
 * How much of everything a configuration may have. Far above what anybody needs, and low enough that a generated or broken
 * file is refused with words rather than with the process running out of memory.
 */
export const MAX_CONFIG_BYTES = 1_048_576;
/** Uses of YAML aliases, counted as often as nesting repeats them: bounds what a small file can grow to. */
export const MAX_YAML_ALIASES = 100;
/** Problems that are listed; the rest is counted in one line. */
export const MAX_PROBLEMS = 100;
export const MAX_LISTENERS = 64;
export const MAX_CLUSTERS = 256;
export const MAX_GROUPS = 256;
/** Sources of one cluster. */
export const MAX_DISCOVERY_SOURCES = 16;
/** Endpoints of one static source. */
export const MAX_STATIC_ENDPOINTS = 10_000;
/** The weight of one endpoint. */
export const MAX_ENDPOINT_WEIGHT = 1_000_000;
export const MAX_DNS_RESOLVERS = 8;
/** Clusters of one Envoy that one source names. */
export const MAX_ENVOY_CLUSTERS = 1_024;
/** Characters of the name of an Envoy's cluster. */
export const MAX_ENVOY_CLUSTER_NAME_LENGTH = 1_024;
/** gRPC services that are checked on each endpoint of one cluster. */
export const MAX_SERVICES = 64;
export const MAX_METADATA_ENTRIES = 64;
/** Characters of one metadata value; backends commonly refuse header lists of 8 KiB and more. */
export const MAX_METADATA_VALUE_LENGTH = 4_096;
/** Statuses and ranges of them that an HTTP check expects. */
export const MAX_EXPECTED_STATUSES = 32;
export const MAX_HEALTH_PATHS = 64;
/** Characters of one of `health.paths`, and of the path of an HTTP check. */
export const MAX_HEALTH_PATH_LENGTH = 1_024;
/** Characters of a file's path; Linux allows 4096 octets with the closing NUL. */
export const MAX_FILE_PATH_LENGTH = 4_095;
export const MAX_ROUTES = 1_024;
/** Terms of `loadBalancing.hashOn`. */
export const MAX_HASH_TERMS = 8;
/** Ways of one route. */
export const MAX_ROUTE_CLUSTERS = 64;
/** The weight of one way of a route. */
export const MAX_CLUSTER_WEIGHT = 1_000_000;
/** Names of labels that subsets of one cluster go by. */
export const MAX_SUBSET_KEYS = 16;
/** Different subsets of one cluster that routes lead to: each is looked through when endpoints change. */
export const MAX_SUBSETS = 64;
/** Conditions on header fields of one route. */
export const MAX_HEADER_MATCHES = 16;
/** Characters of a path, prefix or value that a route compares. */
export const MAX_MATCH_LENGTH = 1_024;

/** Networks in `admin.allow`. */
export const MAX_ADMIN_NETWORKS = 64;
/** Names of which a peer's certificate must have one. */
export const MAX_SUBJECT_ALT_NAMES = 64;
/** Octets of a SPIFFE ID at most (SPIFFE-ID, section 2.3), the longest of the names in use. */
export const MAX_SUBJECT_ALT_NAME_LENGTH = 2_048;
