// Who is logged in, as the API sees it. Bodies: adapters/store/sessions.ts on Karbit's tables, adapters/passwords.ts.
// Store operations fail with a StoreFault (src/domain/store-fault.ts).

export interface Account {
  readonly userId: number;
  readonly email: string;
  readonly name: string | null;
}

export interface StoredCredentials extends Account {
  /** argon2id or bcrypt; the empty text: this user has no password. */
  readonly passwordHash: string;
}

export interface SessionStore {
  /** Whose live login this token is at that instant; undefined: nobody's. */
  accountOf(token: string, atMs: number): Promise<Account | undefined>;
  /** Of the account with that address, or else of the only one with it in another case. */
  credentialsOf(email: string): Promise<StoredCredentials | undefined>;
  /** Begins a login and ends the user's others; false when the user is gone. */
  begin(session: {
    readonly userId: number;
    readonly token: string;
    readonly expiresAtMs: number;
  }): Promise<boolean>;
  /** Ends a login; whether there was one. */
  end(token: string): Promise<boolean>;
  /**
   * The new user, whose address is kept in lower case; undefined when the address is taken, in whatever case. An attempt repeated after a lost answer
   * finds its own user and says so too.
   */
  addUser(user: {
    readonly email: string;
    readonly passwordHash: string;
    readonly name: string | null;
    readonly atMs: number;
  }): Promise<Account | undefined>;
}

export interface Passwords {
  hash(password: string): Promise<string>;
  /** Takes as long for whatever `stored` is: undefined and the empty text are hashes nothing fits. */
  fits(password: string, stored: string | undefined): Promise<boolean>;
}
