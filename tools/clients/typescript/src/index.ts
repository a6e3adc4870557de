/** The client of the wecelebrate API: openapi-fetch with the types of the OpenAPI document. */
import createFetchClient from "openapi-fetch";
import type { Client, ClientOptions, Middleware } from "openapi-fetch";
import type { GatewayMessage, paths } from "./schema.js";

export type * from "./schema.js";

/** Sends requests to the API. `GET`, `POST` and the other methods return `{ data, error, response }`. */
export type WecelebrateClient = Client<paths>;

export interface WecelebrateOptions extends ClientOptions {
  /** The URL of the API, e.g. https://api.example.com. */
  baseUrl: string;
  /** An access token, or a function that returns one, e.g. a new one before the last one expires. */
  token?: string | (() => string | Promise<string>);
}

/** Gives all responses the types of the document: openapi-fetch parses them whatever their status and media type. */
const typedResponses: Middleware = {
  onResponse({ response }) {
    const { ok, status, statusText } = response;
    const headers = new Headers(response.headers);
    headers.delete("Content-Encoding");
    if (status === 304) {
      // Without a length, the empty body would be an error with the value "".
      headers.set("Content-Length", "0");
      return new Response(null, { status, statusText, headers });
    }
    if (ok || !response.body || headers.get("Content-Type")?.includes("json")) {
      return undefined;
    }
    // A proxy between the client and the API can return an error of its own, e.g. as HTML.
    const error: GatewayMessage = { message: `${status} ${statusText}`.trim() };
    headers.set("Content-Type", "application/json");
    headers.delete("Content-Length");
    return new Response(JSON.stringify(error), { status, statusText, headers });
  },
};

/** Create a client that sends the token with each request. The other options are those of openapi-fetch. */
export function createClient({ token, ...options }: WecelebrateOptions): WecelebrateClient {
  const client = createFetchClient<paths>(options);
  client.use(typedResponses);
  if (token !== undefined) {
    client.use({
      async onRequest({ request }) {
        request.headers.set("Authorization", `Bearer ${typeof token === "string" ? token : await token()}`);
      },
    });
  }
  return client;
}
