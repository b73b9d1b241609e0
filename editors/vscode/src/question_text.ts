/** How the server's questions are put. Pure. */

export interface Dialog {
  /** Whether it stands in the way: the user has just asked for something, and waits for it. */
  modal: boolean;
  message: string;
  detail?: string;
  /** The buttons; a modal dialog adds its own *Cancel*. */
  buttons: string[];
}

const wayOut = 'Cancel';

/** Puts a question. `again`: it was asked just now, and the user wanted to look at something first. */
export function dialogOf(question: string, choices: readonly string[], again: boolean): Dialog {
  const modal = choices.includes(wayOut) && !again;
  if (!modal) return { modal, message: question, buttons: choices.filter((choice) => choice !== wayOut) };
  const buttons = choices.filter((choice) => choice !== wayOut);
  const [, before, list, after] = /^([^:]*?): (.*)([.?] [^.?]*\?)$/s.exec(question) ?? [];
  if (before === undefined || list === undefined || after === undefined) return { modal, message: question, buttons };
  return { modal, message: `${before}.`, detail: `${list.split(' · ').join('\n')}\n\n${after.slice(2)}`, buttons };
}

/** The task whose loop asks, if the answer is in words. */
export function asksForWords(question: string, choice: string | undefined, keys: readonly string[]): string | undefined {
  return choice === 'Write an answer' ? keys.find((key) => question.startsWith(`${key} asks: `)) : undefined;
}
