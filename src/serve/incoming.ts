// Octets of one TCP connection that have come and are not answered, cut into messages by their two-octet
// length (RFC 1035 §4.2.2). Whatever the sizes in which octets come, each is copied a bounded number of
// times, and what is kept between two reads is at most one message that is not whole, in a buffer of about
// its size: a few octets must not hold the chunk that they came in.

/** Smallest buffer for a message that is not whole: most queries fit. */
const roomMin = 256;
const nothing = new Uint8Array(0);

/** The octets that came, message by message: `octets[at + 2]` is the first of the next message. */
export class Incoming {
  octets: Uint8Array = nothing;
  at = 0;
  #end = 0;
  /** `octets` is a buffer of ours with room behind #end, not a chunk of the socket's. */
  #isOurs = false;

  /** Octets that wait. */
  get size(): number {
    return this.#end - this.at;
  }

  /** Length of the message that comes next, or -1 while it is not whole. */
  get length(): number {
    if (this.size < 2) return -1;
    const length = (this.octets[this.at]! << 8) | this.octets[this.at + 1]!;
    return this.size - 2 >= length ? length : -1;
  }

  /** Adds what came; the chunk is kept as it is, where nothing waits. */
  take(chunk: Uint8Array): void {
    if (this.size === 0) {
      this.octets = chunk;
      this.at = 0;
      this.#end = chunk.length;
      this.#isOurs = false;
      return;
    }
    // Room doubles, so that a message which comes octet by octet is copied twice over and not once per octet.
    if (!this.#isOurs || this.#end + chunk.length > this.octets.length)
      this.#move(Math.max(roomMin, 2 * this.size, this.size + chunk.length));
    this.octets.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** Steps over the next message, which is `length` octets long. */
  drop(length: number): void {
    this.at += 2 + length;
  }

  /** Lets go of what need not be kept; for when no whole message is left. */
  settle(): void {
    if (this.size === 0) this.clear();
    else if (!this.#isOurs) this.#move(Math.max(roomMin, this.size));
  }

  /** Forgets everything. */
  clear(): void {
    this.octets = nothing;
    this.at = 0;
    this.#end = 0;
    this.#isOurs = false;
  }

  /** Moves what waits to the start of a buffer of ours. */
  #move(capacity: number): void {
    const room = Buffer.allocUnsafeSlow(capacity); // not of a pool, which it would keep alive
    room.set(this.octets.subarray(this.at, this.#end));
    this.#end -= this.at;
    this.at = 0;
    this.octets = room;
    this.#isOurs = true;
  }
}
