const TAKEN = 1;
/** A request with this span got a final answer. */
const CLOSED = 2;

/** The spans that a server has seen, by id, in 18 to 36 bytes each. */
export class Arrivals {
  /** The number of distinct accepted spans. */
  distinct = 0;
  /** The number of accepted spans including repetitions. */
  total = 0;
  /** The number of spans that arrived again after a final answer. */
  repeated = 0;
  private size = 0;
  private words = new Uint32Array(2 * 1024);
  private states = new Uint8Array(1024);

  /** Records the spans of a request. The spans before `firstTaken` are not accepted. */
  see(ids: Uint32Array, firstTaken: number): void {
    for (let at = 0; at < ids.length; at += 2) {
      const place = this.placeOf(ids[at], ids[at + 1]);
      if (this.states[place] & CLOSED) this.repeated++;
      if (at < 2 * firstTaken) continue;
      this.total++;
      if (this.states[place] & TAKEN) continue;
      this.states[place] |= TAKEN;
      this.distinct++;
    }
  }

  /** Records that these spans got a final answer. */
  close(ids: Uint32Array): void {
    for (let at = 0; at < ids.length; at += 2) this.states[this.placeOf(ids[at], ids[at + 1])] |= CLOSED;
  }

  /** Returns the sorted hexadecimal ids of the accepted spans. */
  ids(): string[] {
    const result: string[] = [];
    for (const [place, state] of this.states.entries()) {
      const [high, low] = this.words.subarray(2 * place);
      if (state & TAKEN) result.push(high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0'));
    }
    return result.sort();
  }

  /** Returns the slot of an id, and inserts the id if it is new. No id is all zeros. */
  private placeOf(high: number, low: number): number {
    const mask = this.states.length - 1;
    for (let place = (high ^ low) & mask; ; place = (place + 1) & mask) {
      const [first, second] = [this.words[2 * place], this.words[2 * place + 1]];
      if (first === high && second === low) return place;
      if (first !== 0 || second !== 0) continue;
      if (2 * this.size >= this.states.length) {
        this.grow();
        return this.placeOf(high, low);
      }
      this.size++;
      this.words[2 * place] = high;
      this.words[2 * place + 1] = low;
      return place;
    }
  }

  private grow(): void {
    const { words, states } = this;
    this.words = new Uint32Array(2 * words.length);
    this.states = new Uint8Array(2 * states.length);
    this.size = 0;
    for (let at = 0; at < states.length; at++) {
      const [high, low] = [words[2 * at], words[2 * at + 1]];
      if (high !== 0 || low !== 0) this.states[this.placeOf(high, low)] = states[at];
    }
  }
}
