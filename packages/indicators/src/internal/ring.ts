import type { NumberReader } from "./number-reader.ts";

/** The last `capacity` numbers. */
export class Ring {
  readonly capacity: number;
  size = 0;
  /** Place of the next number; the oldest one's where the ring is full. */
  head = 0;
  readonly #places: Float64Array;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.#places = new Float64Array(capacity);
  }

  /** The number that the next push displaces; 0 while the ring is not full. */
  get displaced(): number {
    return this.#places[this.head] as number;
  }

  /** The i-th oldest number, 0 <= i < size. */
  at(i: number): number {
    const place = this.head - this.size + i;
    return this.#places[place < 0 ? place + this.capacity : place] as number;
  }

  push(x: number): void {
    this.#places[this.head] = x;
    this.head = this.head + 1 === this.capacity ? 0 : this.head + 1;
    if (this.size < this.capacity) this.size++;
  }

  clear(): void {
    this.size = 0;
    this.head = 0;
    this.#places.fill(0);
  }

  save(numbers: number[]): void {
    numbers.push(this.size, this.head);
    for (let i = 0; i < this.size; i++) numbers.push(this.at(i));
  }

  load(reader: NumberReader): void {
    this.clear();
    const size = reader.nextInteger(this.capacity);
    const head = reader.nextInteger(this.capacity - 1);
    this.head = head >= size ? head - size : head - size + this.capacity;
    for (let i = 0; i < size; i++) this.push(reader.next());
  }
}
