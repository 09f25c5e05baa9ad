// What the front of the API takes from outside, and how much it keeps for whom. Behaviour at each limit is in SPEC.md.

export const MAX_BODY_BYTES = 3 * 1024 * 1024
/** Parsing YAML costs far more than parsing as much JSON. */
export const MAX_YAML_BYTES = 1024 * 1024
export const MAX_HEADER_BYTES = 16 * 1024
export const MAX_HEADERS = 200
export const HEADERS_TIMEOUT_MS = 60_000
/** For the request to arrive whole; watches and streams are answers and may last. */
export const REQUEST_TIMEOUT_MS = 60_000

export const MAX_STREAMS_PER_CONNECTION = 100
/** Streams that a client may open and reset at once, and how many more each second: "rapid reset" is cheap to send. */
export const STREAM_RESET_BURST = 1_000
export const STREAM_RESETS_PER_SECOND = 17

export const MAX_WEBSOCKET_MESSAGE_BYTES = 4 * 1024 * 1024
export const MAX_WEBSOCKET_FRAGMENTS = 64

/** Bytes of events that wait for a watcher that does not read; beyond them it is closed, and lists and watches anew. */
export const MAX_WATCH_BACKLOG_BYTES = 4 * 1024 * 1024
/** Bytes of events that are put together for one write. */
export const WATCH_CHUNK_BYTES = 64 * 1024
/** As Kubernetes: a client that asked for bookmarks gets one each minute. */
export const BOOKMARK_INTERVAL_MS = 60_000
/** A watch ends by itself after a random time between this and twice this, so that clients do not all come back at once. */
export const MIN_WATCH_TIMEOUT_MS = 30 * 60_000

/** An answer is compressed from this size on when the client takes gzip; below it costs more than it saves. */
export const MIN_GZIP_BYTES = 128 * 1024
/** Bytes of a list put together before they are handed to the socket. */
export const LIST_CHUNK_BYTES = 64 * 1024

/** How long open requests may take to end when the server drains. */
export const DRAIN_TIMEOUT_MS = 5_000
