/** Describes what needs a program that not every machine has; where it is `missing`, says so and skips it. */
export function describeWith(
  title: string,
  missing: string | undefined,
  body: (this: Mocha.Suite) => void,
): void {
  if (missing === undefined) {
    describe(title, body);
    return;
  }
  const words = `SKIPPED ${title}: ${missing}`;
  // A test without a body is pending.
  it(words);
  console.error(words);
}
