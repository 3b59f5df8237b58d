module.exports = {
  extension: ['ts'],
  timeout: 30_000,
  exit: false,
  reporter: require.resolve('./test/reporter.cjs'),
};
