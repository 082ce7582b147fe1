// A certificate that signs itself, for the embedded server on this machine: kubectl sends no token without TLS. X.509 (RFC 5280) written
// by hand, as far as that needs. Its key is never derived from a seed and never written to disk.
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";

export interface Certificate {
  readonly certPem: string;
  readonly keyPem: string;
}

/** For 127.0.0.1, ::1 and localhost. */
export const selfSignedCertificate = (nowMs: number): Certificate => {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const name = sequence(set(sequence(objectId(commonName), element(0x0c, Buffer.from("kintsugi-embedded")))));
  const body = sequence(
    element(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    sequence(objectId(ecdsaWithSha256)),
    name,
    sequence(time(nowMs - day), time(nowMs + 3650 * day)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    element(0xa3, sequence(extension(basicConstraints, sequence(element(0x01, Buffer.from([0xff])))), extension(subjectAltName, names))),
  );
  const signature = element(0x03, Buffer.concat([Buffer.from([0]), sign("sha256", body, privateKey)]));
  const certificate = sequence(body, sequence(objectId(ecdsaWithSha256)), signature);
  const lines = certificate.toString("base64").replaceAll(/.{64}/g, "$&\n").trimEnd();
  return {
    certPem: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    keyPem: privateKey.export({ type: "pkcs8", format: "pem" }),
  };
};

const day = 24 * 60 * 60 * 1000;

/** Object identifiers in their encoded form. */
const ecdsaWithSha256 = "2a8648ce3d040302";
const commonName = "550403";
const basicConstraints = "551d13";
const subjectAltName = "551d11";

const element = (tag: number, ...content: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(content);
  const length = body.length;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), body]);
};
const sequence = (...content: readonly Buffer[]): Buffer => element(0x30, ...content);
const set = (...content: readonly Buffer[]): Buffer => element(0x31, ...content);
const integer = (bytes: Buffer): Buffer => element(0x02, bytes);
const objectId = (hex: string): Buffer => element(0x06, Buffer.from(hex, "hex"));
const extension = (id: string, value: Buffer): Buffer => sequence(objectId(id), element(0x04, value));
/** GeneralizedTime, to the second. */
const time = (ms: number): Buffer => element(0x18, Buffer.from(new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, "")));

const names = sequence(
  element(0x82, Buffer.from("localhost")),
  element(0x87, Buffer.from([127, 0, 0, 1])),
  element(0x87, Buffer.from([...Array.from({ length: 15 }, () => 0), 1])),
);
