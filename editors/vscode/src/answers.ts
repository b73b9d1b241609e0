/** Answers that hold as long as what they were asked about stays as it is. Pure. */
export class Answers<T> {
  private readonly known = new Map<string, { state: string; answer: Promise<T> }>();

  /** The answer for a thing in this state. It is requested if there is none yet. A failure is not kept. */
  get(key: string, state: string, ask: () => Promise<T>): Promise<T> {
    const known = this.known.get(key);
    if (known?.state === state) return known.answer;
    const answer = ask();
    this.known.set(key, { state, answer });
    answer.catch(() => {
      if (this.known.get(key)?.answer === answer) this.known.delete(key);
    });
    return answer;
  }
}
