// One GET with a short deadline: is this endpoint up? Must never throw; the answer is a status or undefined.
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";

export interface ProbeCredentials {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export const probe = (url: string, credentials?: ProbeCredentials): Promise<number | undefined> =>
  new Promise((resolve) => {
    const request = url.startsWith("https:") ? httpsRequest : httpRequest;
    const sent = request(url, { ...credentials, agent: false, timeout: 2000 }, (response) => {
      response.resume();
      response.once("end", () => resolve(response.statusCode));
      response.once("error", () => resolve(undefined));
    });
    sent.once("timeout", () => sent.destroy());
    sent.once("error", () => resolve(undefined));
    sent.end();
  });

export const answersOk = async (url: string, credentials?: ProbeCredentials): Promise<boolean> => (await probe(url, credentials)) === 200;
