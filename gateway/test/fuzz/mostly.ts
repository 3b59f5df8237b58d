import fc, { type Arbitrary } from 'fast-check';

/** One of the usual, and every `rarity`th time one of the odd. */
export function mostly(usual: readonly string[], odd: readonly string[], rarity = 60): Arbitrary<string> {
  return fc.oneof(
    { weight: rarity - 1, arbitrary: fc.constantFrom(...usual) },
    { weight: 1, arbitrary: fc.constantFrom(...odd) },
  );
}
