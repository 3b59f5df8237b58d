import { generate } from 'selfsigned';

/** A certificate with its key, PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

const DAY_MS = 86_400_000;

/** What is told apart in tests of certificates. */
export interface CertificateOptions {
  /** Default: `localhost` and 127.0.0.1. */
  readonly name?: string;
  readonly by?: Certificate;
  /** In days from now; default from yesterday until tomorrow. */
  readonly from?: number;
  readonly until?: number;
}

/** An authority. */
export function createAuthority(): Promise<Certificate> {
  const extensions = [
    { name: 'basicConstraints' as const, cA: true, critical: true },
    { name: 'keyUsage' as const, keyCertSign: true, cRLSign: true, critical: true },
  ];
  return make('An authority of this test', { extensions, from: -10, until: 10 });
}

/** A server's certificate, by itself or by an authority. */
export function createCertificate({ name, by, from = -1, until = 1 }: CertificateOptions = {}) {
  const altNames =
    name === undefined
      ? [
          { type: 2 as const, value: 'localhost' },
          { type: 7 as const, ip: '127.0.0.1' },
        ]
      : [{ type: 2 as const, value: name }];
  const extensions = [{ name: 'subjectAltName' as const, altNames }];
  return make(name ?? 'localhost', { extensions, from, until, ...(by && { by }) });
}

type Made = Omit<CertificateOptions, 'name'> & {
  readonly from: number;
  readonly until: number;
  readonly extensions: NonNullable<Parameters<typeof generate>[1]>['extensions'] & object;
};

async function make(value: string, { extensions, by, from, until }: Made): Promise<Certificate> {
  const { cert, private: key } = await generate([{ name: 'commonName', value }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(Date.now() + from * DAY_MS),
    notAfterDate: new Date(Date.now() + until * DAY_MS),
    extensions,
    ...(by && { ca: by }),
  });
  return { cert, key };
}
