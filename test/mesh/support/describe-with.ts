/** Describes what needs a program that not every machine has; where it is `missing`, says so and skips it. */
export function describeWith(
  title: string,
  missing: string | undefined,
  body: (this: Mocha.Suite) => void,
): void {
  describe(title, function () {
    if (missing === undefined) body.call(this);
    else
      it('is tested', function () {
        skipped(this, title, missing);
      });
  });
}

/** Skips the tests of a `before` or an `it`, so that whoever reads the log sees it, and why. */
export function skipped(context: Mocha.Context, title: string, missing: string): never {
  console.error(`    SKIPPED ${title}: ${missing}`);
  context.skip();
}
