/** As much of VS Code's API as pure code touches by being loaded; what needs the editor is tested in the editor. */
export class EventEmitter<T> {
  private readonly listeners = new Set<(event: T) => void>();
  readonly event = (listener: (event: T) => void) => {
    this.listeners.add(listener);
    return { dispose: () => this.listeners.delete(listener) };
  };
  fire(event: T): void {
    for (const listener of this.listeners) listener(event);
  }
  dispose(): void {
    this.listeners.clear();
  }
}

/** Writes every URI in one way. */
export const Uri = { parse: (text: string) => ({ toString: () => decodeURIComponent(text) }) };
