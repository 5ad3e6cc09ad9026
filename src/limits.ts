// Every limit of the program, each with its reason. A limit is a decision: change it here and nowhere else.

/** A label is at most 63 octets and a name 255 (RFC 1035 §2.3.4). */
export const labelSizeMax = 63;
export const nameSizeMax = 255;
/** 255 octets hold at most 127 labels and the root. */
export const labelsMax = 128;
/** A character-string, of which TXT is made, has one octet for its length (RFC 1035 §3.3). */
export const characterStringSizeMax = 255;

/** A DNS message is at most 65,535 octets: the TCP length field has 16 bits (RFC 1035 §4.2.2). */
export const messageSizeMax = 65_535;
/** Without EDNS a UDP response holds 512 octets (RFC 1035 §4.2.1). */
export const udpSizeClassic = 512;
/** The size we offer and never exceed over UDP: no fragments on any sane path (RFC 9715, flag day 2020). */
export const udpSizeMax = 1232;
/** Queries are small; what is longer than this is no query and is dropped unread. */
export const udpQuerySizeMax = 2048;

/** Datagrams per recvmmsg: enough to spread the cost of a call, few to lose when a worker dies. */
export const batchMax = 64;
/** Receive buffer asked of the kernel: the default holds 256 small queries, 2.6 ms at 100,000 a second. */
export const receiveBufferSize = 4 << 20;
/** A quiet worker looks up this often: for new tables, and so that it can be stopped. */
export const receiveTimeoutMs = 100;

/**
 * Response rate limiting: 2^18 buckets are 2 MiB. A prefix below its rate keeps a bucket for one interval, so
 * at 200 a second 50 million spoofed prefixes a second fill the table.
 */
export const rateBuckets = 1 << 18;
/** Above a million a second a limit limits nothing: no machine we know sends that many to one prefix. */
export const responsesPerSecondMax = 1_000_000;
/**
 * Where nothing is said, and before anything is known: NSD's rate, of which no resolver needs so much of one
 * thing, every second limited response a short one, and loopback free, which is tests, probes and dig.
 */
export const rateLimitDefault = {
  responsesPerSecond: 200,
  slip: 2,
  exempt: ['127.0.0.0/8', '::1/128'],
} as const;
/** Of the limited responses at least one in so many, if any, is sent: fewer tell nobody to use TCP. */
export const slipMax = 1000;
/** Exempt prefixes are compared one by one, for each response that would be limited. */
export const exemptMax = 256;
/** Octets of how a pool is, in one line behind an answer: what dig prints on a line. */
export const summarySizeMax = 120;
/** Networks that are told how a pool is are compared one by one, for each answer with EDNS out of a pool. */
export const explainToMax = 64;

/** Server cookies: made with the first secret; one before and one after it are all that a change needs. */
export const cookieSecretsMax = 3;
/** Seconds: a cookie is good for an hour and from clocks five minutes ahead of ours (RFC 9018 §4.3) ... */
export const cookieAgeMax = 3600;
export const cookieAheadMax = 300;
/** ... and is replaced by a new one after half of it, so that a client in touch always has a good one. */
export const cookieAgeToRenew = 1800;
/** A file of secrets has three lines and comments; what is larger is another file. */
export const secretFileSizeMax = 65_536;

/** CNAMEs followed inside our own zones for one query: longer chains are operator error or a loop. */
export const cnameChainMax = 16;

/** TCP connections in all: as gdnsd and Knot have it, a few MiB of memory when all are busy. */
export const tcpConnectionsMax = 1024;
/** One client has at most this part of them: a resolver needs one, a farm behind one NAT some dozens. */
export const tcpClientShare = 8;
/** From the first octet of a message to its last, as Knot has it: a query is one segment. */
export const tcpMessageTimeoutMs = 500;
/** From an answer to the next query (RFC 7766 §6.2.3: of the order of seconds). */
export const tcpIdleTimeoutMs = 10_000;
/** To read what is unsent: 64 KiB take a client on a 64 kbit/s line eight seconds. */
export const tcpReadTimeoutMs = 10_000;
/** Unsent octets above which we stop reading from a client that does not read. */
export const tcpUnsentMax = 65_536;
/** Queries of one connection before others have their turn: all 1024 pipelining make a round of 0.2 s. */
export const tcpTurnMax = 16;
/** Turns that are taken before new connections and queries are looked at again: 2 ms of work. */
export const tcpTurnsMax = 64;
/** Connections accepted from each socket meanwhile: 16 in some 3 ms keep up with a flood of them. */
export const tcpAcceptors = 16;
/** Connections that the kernel holds for us: what is accepted in a tenth of a second. */
export const tcpBacklog = 1024;
/** Asked of the kernel for a connection: its own choice is megabytes, also for a client that never reads. */
export const tcpSendSize = 65_536;
/** Hundreds of pipelined queries; what is read at once has about this size, and may have to be kept. */
export const tcpReceiveSize = 16_384;
/** Young heap of the stream thread: what a flood leaves is collected early, before it amounts to much. */
export const streamYoungMiB = 6;
/** At a stop, connections that are answering have this long: less than the server waits for its threads. */
export const tcpStopTimeoutMs = 1500;
/** Descriptors that TCP leaves alone: a new control process, a reload, the log and the state directory. */
export const descriptorsReserved = 64;
/** A thread has an epoll, an eventfd, pipes and its sockets. */
export const descriptorsPerThread = 12;
/** Addresses that could not be bound yet, and new interfaces, are looked for this often. */
export const listenRetryMs = 5000;

/** A secret of the server's own is renewed after a day, as RFC 7873 §7.1 advises. */
export const cookieSecretLifeMs = 24 * 3_600_000;

/** Probe bodies are read this far, Route 53's figure, then the connection is cut. */
export const probeBodyMax = 5120;
/** A response header longer than this is a failure: as Node and most servers have it. */
export const probeHeaderMax = 16_384;
/** A reason is one line of a log or a table; what a server sends must not make it longer. */
export const probeReasonMax = 200;
/** Octets that a check may send, look for or have in a header: a line or two of any protocol. */
export const probeTextMax = 1024;
/** A value of a header from a file: tokens are longer than what is typed. */
export const headerSecretMax = 8192;
/** A file of certificates: a bundle of all public authorities is a quarter of this. */
export const certificateFileMax = 1 << 20;
/** A certificate that expires is warned of so early: renewal that works by itself is due at a month. */
export const expiryWarningDefaultMs = 14 * 24 * 3_600_000;
export const expiryWarningMaxMs = 365 * 24 * 3_600_000;
/** Request headers and expected headers of a check: browsers send a dozen. */
export const probeHeadersMax = 32;
/** A pattern that has not come to an end on a body after this is given up: it stops all other probes. */
export const patternTimeMaxMs = 100;
/** Words of a command; more belong into a script. */
export const commandWordsMax = 64;
/** Octets that a command may write, and that of a state file are read: a reason is in their first line. */
export const commandOutputMax = 4096;
export const stateFileReadMax = 4096;
/** Probes of one check: a server has few ways to be up. */
export const severalMax = 8;
/** Endpoints that one `steerdns probe` probes: more is a matter for `status`. */
export const probedMax = 64;
/** Of these so many at once, so that the times of one are its own. */
export const probedAtOnce = 4;
/** Commands that run at once: each is a process, and the machine has a server to run. */
export const commandsAtOnceMax = 16;
/** Age of a state file: writers that are slower than a minute say so, none is slower than a day. */
export const stateAgeDefaultMs = 60_000;
export const stateAgeMinMs = 1000;
export const stateAgeMaxMs = 24 * 3_600_000;
/** Names of heartbeats that are remembered, those of earlier settings too. */
export const pushNamesMax = 65_536;
/** A query that was not answered is sent again: one lost datagram is no verdict. Queries per probe: */
export const dnsQueriesMax = 3;
/** A canary has at most this long to answer, a usual timeout: a real outage waits for it. */
export const suspicionTimeoutMs = 2000;
/** Of several verdicts about to turn the prober asks once: what answered so long ago answers for all. */
export const suspicionFreshMs = 1000;
/** The prober is held for the culprit for so long: an outage of everything must be told in the end. */
export const suspicionMaxMs = 10 * 60_000;
/** ... all in all, where it is answered now and then; and a canary that is silent for so long is told. */
export const suspicionChainMs = 60_000;
/** Where there are no canaries, so many endpoints that all fail are no accident; fewer may well be one. */
export const sweepLeast = 3;
/** A sweep asks so many at once, as many more each time that nobody answers for so long, so many in all. */
export const sweepAtOnceMax = 64;
export const sweepPatienceMs = 250;
export const sweepMax = 512;
/** Canaries: they are asked all at once, and one that answers is enough. */
export const canariesMax = 16;
/** Results of an endpoint that are kept as evidence: more than turn any verdict over by default. */
export const recentResultsMax = 10;
/** A server that flaps is asked to be quiet for at most this long: a mended one must come back today. */
export const holdDownMaxMs = 600_000;
/** A server that needs longer than this to get warm needs somebody to look at it. */
export const slowStartMaxMs = 3_600_000;
/**
 * Probes in flight, over all endpoints; the rest waits. 10,000 endpoints every 5 s that are all silent have
 * 4000 in flight for the 2 s of their timeout, and rechecks beside; a probe costs a descriptor and 10 KiB.
 */
export const probesInFlightMax = 5000;
/** Probes in flight to one address: what stands there has clients to serve, and its ports share its link. */
export const probesPerHostMax = 32;
/** A probe is given up this long after its deadline: a bug of ours must not stop a monitor. */
export const probeGraceMs = 1000;
/** First probes of new endpoints are spread over this time: a server start waits for them. */
export const firstRoundSpreadMs = 500;
/** How often the process looks whether it was held up: finer than half of any sensible probe timeout. */
export const lagTickMs = 50;
/** An endpoint that cannot be judged is announced after so many inconclusive results or intervals ... */
export const inconclusiveRowMax = 3;
/** ... and then again this often: an operator must not lose sight of it, nor drown in it. */
export const inconclusiveRepeatMs = 60_000;

/** Health changes are collected this long before sets are made: a storm of flips costs bounded work. */
export const coalesceMs = 50;
/** What changes by itself at a known time is published that often at most, and then all that is due. */
export const timedGapMs = 100;
/** The wall clock is looked at this often while something is planned: it may be set. */
export const wallLookMs = 30_000;
/** Answers that are counted down are gone from caches so long before the time: a publication takes a part. */
export const handMarginMs = 500;
/** Hands at a time: a few on each member of the largest pools that are probed from one core. */
export const handsMax = 50_000;
/** A reason is read in one line of a table or a log. */
export const handReasonMax = 200;
/** Longest `--for`, and how far ahead a time may lie: what is meant for longer belongs into the YAML. */
export const handAheadMaxMs = 366 * 24 * 3_600_000;
/** A hand without an end is pointed out after this: who laid it may have forgotten it. */
export const handAgedMs = 24 * 3_600_000;
/** A hand is on the disk within this, or the command says that it is not. */
export const handKeepMaxMs = 3000;
/** Kept tables and verdicts older than this are not trusted at a start. */
export const keptAgeMaxMs = 10 * 60_000;
/** A first start waits this long to hear where to listen: on a busy machine control needs some seconds. */
export const listenPatienceMs = 30_000;
/** A first start waits this long for the first round of probes, then answers with what it knows. */
export const firstRoundMaxMs = 5000;
/** Tables of this many octets ask for huge pages, of which each is 2 MiB: smaller ones gain nothing. */
export const hugePagesMin = 4 << 20;
/** They get them this long after they went into service: the first answers do not wait for it. */
export const hugePagesAfterMs = 1000;
/** A worker that has not adopted a publication within this time is replaced. */
export const adoptTimeoutMs = 3000;
/** One that has just been started has this long before that: it loads its code first, on a busy machine. */
export const threadStartTimeoutMs = 15_000;

/** Above a million a weight says nothing more, and a pool's scaled sum stays an exact integer. */
export const weightMax = 1 << 20;
/** Effective weights are integers in this scale, so that slow start can multiply them. */
export const weightScale = 1 << 16;
/** Addresses of one pool and family: more A records than a message of 65,535 octets can hold. */
export const poolSizeMax = 4096;
/** `answers: auto` gives at most so many addresses: enough to try another, few enough for 512 octets. */
export const autoAnswersMax = 4;
/** `policy: all` alone gives at most so many: with AAAA under the longest name they still fit 1232 octets. */
export const allAnswersMax = 32;
/**
 * Buckets of `sticky`, powers of two. Exact quotas cost a leaving member's clients up to 0.8 points of others
 * with 16384 (2 with 4096, 0.4 with 65536), which are 32 KiB in the table of each balanced RRset ...
 */
export const stickyBuckets = 1 << 14;
/** ... and with several addresses each combination of members is an answer set: so many at most. */
export const stickyBucketsOfSeveral = 1 << 12;
/** Addresses of a family that can be sticky: their scores are 64 KiB each, and looked through at a change. */
export const stickySizeMax = 256;
/** Members whose scores are kept for the next change: 32 MiB. */
export const scoresKept = 512;
/** Passes over scores in which quotas are nearly met: to this part of all buckets, then moved one by one. */
export const fittingPasses = 8;
export const fittingNear = 0.005;
/** Members of a place that a remark names: it is one line. */
export const remarkMembersMax = 8;
/** Places of clients: parts of the world, of which `status` has a line each. */
export const placesMax = 100;
/** The table of places, in octets: every thread has it; GeoLite2-Country by continents is a tenth of it. */
export const placesSizeMax = 64 << 20;
/** A file of networks: all prefixes of the routing table are less than this. */
export const networksFileSizeMax = 32 << 20;
/** Clients keep an answer at most this many times as long as a dead server takes to be found out ... */
export const cachedToDetectionMax = 10;
/** ... or they are warned of; a TTL of a minute is never too long. Seconds. */
export const ttlQuietMax = 60;
/** Shares may be off from the weights by a point before anybody is warned. */
export const shareErrorWarned = 0.01;
/** Tiers are numbered by hand: a number above this is a slip of the finger. */
export const tierMax = 100;
/** A tier that gets more than this part of the responses is no standby. */
export const trickleMax = 0.5;

/** Probes more often than this load the servers; less often than this they no longer say how a server is. */
export const probeIntervalMinMs = 100;
export const probeIntervalMaxMs = 3_600_000;
/** A verdict that needs more results than this in a row comes too late to be of use. */
export const probeRunMax = 100;

/** YAML: 10,000 members are a fifth of this, and of short keys the parser takes seconds for it. */
export const yamlSizeMax = 2 << 20;
/** YAML aliases are followed so often in one file, maps nested so deep: no file grows without end. */
export const yamlAliasesMax = 1000;
export const yamlDepthMax = 16;
/** Values that the aliases of one file may stand for: a long list, said a thousand times, is no settings. */
export const yamlCopiedMax = 100_000;
/** The library composes YAML by recursion: what is deeper than this it is not given. */
export const yamlParseDepthMax = 64;

/** Control gives a publication up after this: the server replaces workers sooner (adoptTimeoutMs). */
export const publishTimeoutMs = 10_000;
/** Answer sets that the server refused are offered again after this. */
export const republishMs = 1000;
/** Choices kept for reuse: a flapping pool has few states in practice, each of a few hundred octets. */
export const cachedChoicesMax = 4096;
/** The state directory is written at most and at least this often, so that what is kept stays young. */
export const keptWriteMinMs = 1000;
export const keptRefreshMs = 60_000;
/** ... and so soon again after a write that failed: a disk that was full may have room. */
export const keptRetryMs = 5000;
/** Files of the state directory that are written at once: the disk flushes them together. */
export const keptAtOnceMax = 16;
/** A zone that lost more than this part of its records, and at least so many, was hardly edited by hand. */
export const lostRecordsShareMax = 0.2;
export const lostRecordsMin = 3;
/** A file that changed less than this ago may still be written: editors and rsync pause for less. */
export const writeQuietMs = 100;
/** A reload waits this long for a writer: a file that takes longer is better reloaded when it is whole. */
export const writeWaitMaxMs = 3000;
/** A loader that takes longer than this hangs on a file system: the reload is given up. */
export const loadTimeoutMs = 300_000;
/** A file of the configuration, in octets: what is larger is a mistake in the path. */
export const sourceSizeMax = 1 << 30;
/** Results below a verdict of `timeline`: those that turned it over, and one or two before. */
export const evidenceShownMax = 5;
/** Control socket: commands are short and few; each limit is far above what the command line needs. */
export const controlConnectionsMax = 64;
export const controlHeaderSizeMax = 16_384;
export const controlBodySizeMax = 65_536;
export const controlRequestTimeoutMs = 5000;
/** Over TCP: a page and its stream, a scraper, some scripts; what is more waits for nobody. */
export const httpConnectionsMax = 128;
/** An admin connection on which nothing moves is closed after this; streams are not. */
export const httpIdleMs = 10_000;
/** Requests of one connection; a scraper makes one every few seconds. */
export const httpRequestsPerConnection = 1000;
/** Names and addresses of the admin API: each request is compared with all of them. */
export const httpNamesMax = 16;
/** Tokens are compared one by one, for each request. */
export const tokensMax = 256;
/** A token that is to live longer than ten years may as well live for ever. */
export const tokenLifeMaxMs = 3650 * 24 * 3_600_000;
/** Series of metrics: what one scrape of a small Prometheus takes without being noticed; and the most. */
export const seriesMaxDefault = 5000;
export const seriesMaxMost = 1_000_000;
/** Fixed series take some hundred: a bound below them would bound nothing. */
export const seriesMaxLeast = 1000;
/** Events kept for who comes later or again: a bad day's worth, some hundred KiB. */
export const eventsKeptMax = 1000;
/** Streams of events: some pages and some programs. */
export const eventStreamsMax = 32;
/** Unsent octets of a stream: all events that are kept; who is further behind is better off coming again. */
export const eventStreamUnsentMax = 1 << 20;
/** A stream says so often that it lives; who reads nothing between two of these is dropped. */
export const eventStreamBeatMs = 15_000;
/** A reader of a stream that was cut comes again after this. */
export const eventStreamRetryMs = 1000;
/** Webhooks of one server: each event is sent to all of them. */
export const webhooksMax = 8;
export const webhookUrlMax = 2048;
/** A secret that is shorter than this is a word that somebody thought of. */
export const webhookSecretMin = 16;
/** Events that wait for a webhook; what is more is lost: whoever is that far behind reads /events. */
export const webhookQueueMax = 1000;
/** One attempt has this long; the next begins a second later, then two, four, up to five minutes. */
export const webhookTimeoutMs = 10_000;
export const webhookRetryMs = 1000;
export const webhookRetryMaxMs = 300_000;
/** An event that is older than this when it cannot be delivered is given up. */
export const webhookAgeMaxMs = 3_600_000;
/** Reloads that wait for the one that runs; more callers than this are a loop somewhere. */
export const reloadsWaitingMax = 16;
/** The server's facts for a status come at once or not at all. */
export const factsTimeoutMs = 2000;
/** A control socket that could not be made is tried again after this. */
export const controlRetryMs = 5000;

/** The server's own query through its own socket is lost after this, and asked again. */
export const watchdogAnswerMaxMs = 1000;
/** A day of virtual time of a big pool takes a minute; nobody reads more of it. */
export const simulationMaxMs = 24 * 3_600_000;
/** A script is a page that somebody writes. */
export const scriptSizeMax = 1 << 20;

/** Zones whose responses are counted apart, with the one for the rest: 32 KiB for each thread. */
export const zoneCellsMax = 4096;

/** Entries of the query log that wait in a thread's ring, a power of two: half a second at 2000 a second. */
export const queryLogEntries = 1024;
/** They become lines this often. */
export const queryLogDrainMs = 200;

/** UDP workers: more than any machine we know has cores. */
export const workersMax = 256;

/** $include of a gdnsd config goes this deep: as zone files do, and further. */
export const vscfDepthMax = 16;
/** $INCLUDE goes this deep: real zones use one or two levels, and a cycle is found anyway. */
export const includeDepthMax = 8;
/** Files one zone may include, repetitions counted: some include another a thousand times, at each level. */
export const includesMax = 1000;
/** Records of one $GENERATE: a /16 in reverse; each is as dear as a line of the file. */
export const generatedRecordsMax = 65_536;
/** Octets of text that the $GENERATEs of one zone make: a short file must not fill the memory. */
export const generatedTextMax = 64 << 20;
/** Digits of a number in $GENERATE: no name and no character-string holds more. */
export const generatedWidthMax = 255;
/** Faults said of one file, errors and warnings of one zone: the rest mostly follows from these. */
export const faultsMax = 100;
/** TTLs have 31 bits (RFC 2181 §8). */
export const ttlMax = 0x7fff_ffff;
/** A command waits this long for the daemon: longer than a load may take. */
export const clientTimeoutMs = loadTimeoutMs + 30_000;
/** Control ends within this time when it is told to: half of what the server waits before it kills. */
export const stopTimeoutMs = 1000;

/** Control says so often that its event loop turns; when it has not for the longer time, it is restarted. */
export const controlPulseMs = 2000;
export const controlSilentMaxMs = 20_000;
/** What only looks is answered at once, or something hangs. */
export const queryTimeoutMs = 5000;
