// Which chat a user wants his notices in. Body: adapters/store/telegram-links.ts on Karbit's columns. Fails with a
// StoreFault.

export interface TelegramLink {
  readonly linked: boolean;
  /** As the chat had it when it was linked; not every chat has one. */
  readonly username: string | null;
  readonly notifications: boolean;
  readonly linkedAtMs: number | null;
}

export interface TelegramLinkStore {
  read(userId: number): Promise<TelegramLink>;
  /** Keeps the hash of a code; an earlier one of this user does not count any more. */
  offer(link: {
    readonly userId: number;
    readonly codeHash: string;
    readonly expiresAtMs: number;
    readonly atMs: number;
  }): Promise<void>;
  /** False: no chat is linked. */
  setNotifications(userId: number, on: boolean, atMs: number): Promise<boolean>;
  /** Forgets the chat, and a code that is still waiting. False: no chat was linked. */
  unlink(userId: number, atMs: number): Promise<boolean>;
  /** Links the chat with the user whose code this is, and uses the code up; undefined: it is nobody's or too old. */
  link(chat: {
    readonly codeHash: string;
    readonly chatId: string;
    readonly username: string | null;
    readonly atMs: number;
  }): Promise<number | undefined>;
}
