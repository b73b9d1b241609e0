/** Does a thing at once, and then, after a rest, once for all that was asked meanwhile. Pure. */
export class Calm {
  private rest: NodeJS.Timeout | undefined;
  private isAsked = false;

  constructor(
    private readonly work: () => void,
    private readonly restMs: number,
  ) {}

  ask(): void {
    this.isAsked = true;
    if (this.rest !== undefined) return;
    this.isAsked = false;
    this.work();
    this.rest = setTimeout(() => {
      this.rest = undefined;
      if (this.isAsked) this.ask();
    }, this.restMs);
  }

  dispose(): void {
    clearTimeout(this.rest);
  }
}
