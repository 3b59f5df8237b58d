module.exports = {
  extension: ['ts'],
  timeout: 30_000,
  exit: false,
  require: [require.resolve('./test/leftovers.cjs')],
  reporter: require.resolve('./test/reporter.cjs'),
};
