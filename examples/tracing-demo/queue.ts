/** A queue between two elements of a pipeline: one pushes, the other loops over it with `for await`. */
export class Queue<T> {
  #items: T[] = [];
  #closed = false;
  #wake = (): void => {};

  push(item: T): void {
    this.#items.push(item);
    this.#wake();
  }

  /** No more items will come: the loop over the queue ends after those that are in it. */
  close(): void {
    this.#closed = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    while (true) {
      while (this.#items.length > 0) yield this.#items.shift() as T;
      if (this.#closed) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
