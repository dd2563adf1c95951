import { SELF_SIGNED } from './self-signed.ts';

/**
 * Certificates for a server on loopback, for the key of SELF_SIGNED. All but one are valid from 2020 to 2120. A client
 * that must trust the right one, SELF_SIGNED itself, has it in NODE_EXTRA_CA_CERTS.
 */
export const CERTIFICATES = {
  right: SELF_SIGNED.cert,
  /** Issued for elsewhere.example. */
  'wrong name': `-----BEGIN CERTIFICATE-----
MIIBdDCCARmgAwIBAgIUdGxQhAJfDDIYEJrZ0fJpUcUBgI4wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAx
MDAwMDAwWjAcMRowGAYDVQQDDBFlbHNld2hlcmUuZXhhbXBsZTBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABKhd+PXo/h7+MlsIHTU3mFHbTacPIadFn3s/nrfaY1YR
s8fJWL0FtD3FnyGhrMyrN99evZ93imYP04nE6qpedDijPzA9MBwGA1UdEQQVMBOC
EWVsc2V3aGVyZS5leGFtcGxlMB0GA1UdDgQWBBRKMaPCbgsr0RqQ+ltsvQbuIatQ
uTAKBggqhkjOPQQDAgNJADBGAiEAyXDoiBDFm+E5wu9TfmENbA6QDq9zsyyHIWLp
k/r+j54CIQCFlj8fMU//TIS4fE9SXt3FVMwzmsXM767TV3rAfOw2ng==
-----END CERTIFICATE-----`,
  /** Valid only on January 1, 2020. */
  expired: `-----BEGIN CERTIFICATE-----
MIIBZzCCAQ2gAwIBAgIUec7K09cfnpNdw3ovz27y1PRbCf0wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MB4XDTIwMDEwMTAwMDAwMFoXDTIwMDEwMjAw
MDAwMFowFDESMBAGA1UEAwwJY29sbGVjdG9yMFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAEqF349ej+Hv4yWwgdNTeYUdtNpw8hp0Wfez+et9pjVhGzx8lYvQW0PcWf
IaGszKs33169n3eKZg/TicTqql50OKM9MDswGgYDVR0RBBMwEYIJbG9jYWxob3N0
hwR/AAABMB0GA1UdDgQWBBRKMaPCbgsr0RqQ+ltsvQbuIatQuTAKBggqhkjOPQQD
AgNIADBFAiEAq7HHTQgKqnqlmjAKCUqf2DcrNrOLDu8YjjgOPtTUcRwCIBf/k6Gn
I473MiXRHr40w09k/nGfhbQalLarbVJxfpiF
-----END CERTIFICATE-----`,
  /** Issued by an authority that no client knows. */
  'self-signed': `-----BEGIN CERTIFICATE-----
MIIBZjCCAQ2gAwIBAgIUHIannskelvrvfxSTcN3UkSJJ454wCgYIKoZIzj0EAwIw
EzERMA8GA1UEAwwIc3RyYW5nZXIwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEw
MDAwMDBaMBMxETAPBgNVBAMMCHN0cmFuZ2VyMFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAEqF349ej+Hv4yWwgdNTeYUdtNpw8hp0Wfez+et9pjVhGzx8lYvQW0PcWf
IaGszKs33169n3eKZg/TicTqql50OKM9MDswGgYDVR0RBBMwEYIJbG9jYWxob3N0
hwR/AAABMB0GA1UdDgQWBBRKMaPCbgsr0RqQ+ltsvQbuIatQuTAKBggqhkjOPQQD
AgNHADBEAiA4E4EU0vBzGqnE2c/bdGvR1TjhL96iu/7gRVohLnriUwIgHkI3+LGS
Q2xg/hODJQSpD19vzoze5xMjM+pStB7hLZs=
-----END CERTIFICATE-----`,
};

export type CertificateName = keyof typeof CERTIFICATES;
