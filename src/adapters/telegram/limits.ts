// How much the sender of notices keeps, and how long it keeps trying.

export interface TelegramLimits {
  readonly lettersMax: number;
  readonly lettersPerRecipientMax: number;
  /** Of notices with the same key one goes out per window. */
  readonly repeatWindowMs: number;
  readonly repeatKeysMax: number;
  readonly inFlightMax: number;
  readonly giveUpAfterMs: number;
  readonly chatGoneForMs: number;
  /** How long a recipient's chat is believed before it is looked up again. */
  readonly addressMs: number;
  readonly lookupTimeoutMs: number;
  readonly stopMs: number;
}

export const TELEGRAM_LIMITS: TelegramLimits = {
  lettersMax: 10_000,
  lettersPerRecipientMax: 100,
  repeatWindowMs: 600_000,
  repeatKeysMax: 10_000,
  inFlightMax: 8,
  giveUpAfterMs: 1_800_000,
  chatGoneForMs: 3_600_000,
  addressMs: 60_000,
  lookupTimeoutMs: 5_000,
  stopMs: 2_000,
};
