// Every limit of the program, each with its reason. A limit is a decision: change it here and nowhere else.

/** A label is at most 63 octets and a name 255 (RFC 1035 §2.3.4). */
export const labelSizeMax = 63;
export const nameSizeMax = 255;
/** 255 octets hold at most 127 labels and the root. */
export const labelsMax = 128;

/** A DNS message is at most 65,535 octets: the TCP length field has 16 bits (RFC 1035 §4.2.2). */
export const messageSizeMax = 65_535;
/** Without EDNS a UDP response holds 512 octets (RFC 1035 §4.2.1). */
export const udpSizeClassic = 512;
/** The size we offer and never exceed over UDP: no fragments on any sane path (RFC 9715, DNS flag day 2020). */
export const udpSizeMax = 1232;
/** Queries are small; what is longer than this is no query and is dropped unread. */
export const udpQuerySizeMax = 2048;

/** Datagrams per recvmmsg: enough to spread the cost of a call, few enough to lose little when a worker dies. */
export const batchMax = 64;
/** Receive buffer asked of the kernel: the default holds 256 small queries, 2.6 ms at 100,000 a second. */
export const receiveBufferSize = 4 << 20;
/** A quiet worker looks up this often: for new tables, and so that it can be stopped. */
export const receiveTimeoutMs = 100;

/** CNAMEs followed inside our own zones for one query: longer chains are operator error or a loop. */
export const cnameChainMax = 16;

/** TCP: as gdnsd, Knot and the reliability study have it. */
export const tcpConnectionsMax = 1024;
export const tcpMessageTimeoutMs = 2000;
export const tcpIdleTimeoutMs = 10_000;
/** Unsent octets above which we stop reading from a client that does not read. */
export const tcpUnsentMax = 65_536;

/** Probe bodies are read this far, Route 53's figure, then the connection is cut. */
export const probeBodyMax = 5120;

/** Health changes are collected this long before answer sets are made: a storm of flips costs bounded work. */
export const coalesceMs = 50;
/** Kept tables and verdicts older than this are not trusted at a start. */
export const keptAgeMaxMs = 10 * 60_000;
/** A first start waits this long for the first round of probes, then answers with what it knows. */
export const firstRoundMaxMs = 5000;
/** A worker that has not adopted a publication within this time is replaced. */
export const adoptTimeoutMs = 3000;
