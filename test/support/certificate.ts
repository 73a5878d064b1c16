// A self-signed certificate of one name, for servers of tests. X.509 written by hand: Node makes keys but no certificates.
import { generateKeyPairSync, sign } from 'node:crypto'

/** PEM texts. */
export interface TestCertificate {
  readonly key: string
  readonly cert: string
}

/** Make a certificate that is valid from 2020 to 2049. */
export function makeCertificate(dnsName: string): TestCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const ecdsaWithSha256 = sequence(objectId('1.2.840.10045.4.3.2'))
  const name = sequence(set(sequence(objectId('2.5.4.3'), tag(0x0c, Buffer.from(dnsName)))))
  const altName = sequence(tag(0x82, Buffer.from(dnsName)))
  const isAuthority = sequence(tag(0x01, Buffer.of(0xff)))
  const extension = (id: string, value: Buffer): Buffer => sequence(objectId(id), tag(0x04, value))
  const body = sequence(
    tag(0xa0, tag(0x02, Buffer.of(2))),
    tag(0x02, Buffer.of(1)),
    ecdsaWithSha256,
    name,
    sequence(tag(0x17, Buffer.from('200101000000Z')), tag(0x17, Buffer.from('491231235959Z'))),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    tag(0xa3, sequence(extension('2.5.29.17', altName), extension('2.5.29.19', isAuthority))),
  )
  const signature = Buffer.concat([Buffer.of(0), sign('sha256', body, privateKey)])
  const der = sequence(body, ecdsaWithSha256, tag(0x03, signature))
  const lines = der.toString('base64').replace(/(.{64})/g, '$1\n')
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
  }
}

function tag(type: number, content: Uint8Array): Buffer {
  const size = content.length
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff]
  return Buffer.concat([Buffer.of(type, ...length), content])
}

const sequence = (...parts: Buffer[]): Buffer => tag(0x30, Buffer.concat(parts))
const set = (...parts: Buffer[]): Buffer => tag(0x31, Buffer.concat(parts))

function objectId(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number)
  const bytes = [first * 40 + second]
  for (const arc of rest) {
    const septets = [arc & 0x7f]
    for (let left = arc >>> 7; left > 0; left >>>= 7) septets.unshift((left & 0x7f) | 0x80)
    bytes.push(...septets)
  }
  return tag(0x06, Buffer.from(bytes))
}
