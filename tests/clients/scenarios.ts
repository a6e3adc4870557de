/**
 * Uses the generated TypeScript client. `node scenarios.ts <scenario> <arguments as JSON>` prints the result as JSON.
 * `tsc --strict` checks this program together with the client.
 */
import {
  createClient,
  type GatewayMessage,
  type Job,
  type Problem,
  type ProblemCode,
  type StorefrontPage,
  type StorefrontProduct,
  type WecelebrateClient,
} from "wecelebrate-client";

type Arguments = Record<"api" | "token" | "domain" | "q" | "catalog" | "content" | "product" | "etag", string>;
type Facts = Record<string, unknown>;
interface Result<Data> {
  data?: Data;
  error?: Problem | GatewayMessage;
  response: Response;
}

async function list_all_catalogs({ api, token }: Arguments): Promise<Facts> {
  const { data, error } = await createClient({ baseUrl: api, token }).GET("/v1/catalogs");
  if (error !== undefined) {
    return { error };
  }
  const names: string[] = data.data.map((catalog) => catalog.name);
  const years = new Set(data.data.map((catalog) => new Date(catalog.created_at).getUTCFullYear()));
  return { names, has_more: data.has_more, years: [...years] };
}

/** Make mistakes that the compiler must report. The program never calls this function. */
export async function make_mistakes(client: WecelebrateClient, job: Job): Promise<void> {
  // @ts-expect-error: the document has no such path
  await client.GET("/v1/catalogues");
  const { data, error } = await client.GET("/v1/catalogs");
  // @ts-expect-error: the request can have failed
  data.data;
  // @ts-expect-error: a message of the gateway has no code
  error?.code;
  // @ts-expect-error: the platform owns some catalogs
  data?.data[0]?.owner_client_id.length;
  // @ts-expect-error: a job has no such status
  job.status === "done";
  // @ts-expect-error: If-Match is required
  await client.PATCH("/v1/products/{product_id}", { params: { path: { product_id: "" } }, body: {} });
  // @ts-expect-error: a row needs a SKU
  await client.POST("/v1/products/bulk-import", { body: { catalog_id: "", rows: [{ name: "A row without a SKU" }] } });
}

async function search_a_shop({ api, domain, q }: Arguments): Promise<Facts> {
  const client = createClient({ baseUrl: api });
  const products: StorefrontProduct[] = [];
  let pages = 0;
  let cursor: string | null | undefined;
  do {
    const query = { q, sort: "-price" as const, limit: 2, ...(cursor ? { cursor } : {}) };
    const found = await client.GET("/v1/storefront/{domain}/products", { params: { path: { domain }, query } });
    const page: StorefrontPage = expected(found);
    products.push(...page.data);
    pages += 1;
    cursor = page.next_cursor;
  } while (cursor);
  const prices: string[] = products.map((product) => product.price);
  return { names: products.map((product) => product.name), prices, pages };
}

async function import_rows({ api, token, catalog }: Arguments): Promise<Facts> {
  const client = createClient({ baseUrl: api, token: async () => token });
  const rows = [
    { sku: "A-1", name: "Lamp", price: "12.50", inventory_count: 3 },
    { sku: "A-2", price: "9.00" },
  ];
  const body = { catalog_id: catalog, rows };
  const job = await followed(client, expected(await client.POST("/v1/products/bulk-import", { body })));
  // The type and the status of a job are valid values of the filters for jobs.
  const query = { catalog_id: catalog, type: job.type, status: job.status };
  const jobs = expected(await client.GET("/v1/jobs", { params: { query } }));
  return {
    status: job.status,
    created: job.counts.created,
    rejected: job.counts.rejected,
    errors: job.first_errors.map((error) => [error.sku, error.reason]),
    listed: jobs.data.some((each) => each.id === job.id),
  };
}

async function upload_a_file({ api, token, catalog, content }: Arguments): Promise<Facts> {
  const client = createClient({ baseUrl: api, token });
  const file = new TextEncoder().encode(content);
  const announced = { name: "products.csv", size: file.length, content_type: "text/csv" };
  const upload = expected(await client.POST("/v1/uploads", { body: announced }));
  const sent = await fetch(upload.url, { method: upload.method, headers: upload.headers, body: file });
  if (!sent.ok) {
    throw new Error(`the upload failed: ${sent.status}`);
  }
  const body = { catalog_id: catalog, upload_id: upload.id };
  const job = await followed(client, expected(await client.POST("/v1/products/bulk-import", { body })));
  return { status: job.status, created: job.counts.created };
}

async function followed(client: WecelebrateClient, job: Job): Promise<Job> {
  while (job.status === "pending" || job.status === "processing") {
    await new Promise((resolve) => setTimeout(resolve, 50));
    job = expected(await client.GET("/v1/jobs/{job_id}", { params: { path: { job_id: job.id } } }));
  }
  return job;
}

async function read_the_shop_of_a_customer({ api, token, domain }: Arguments): Promise<Facts> {
  const client = createClient({ baseUrl: api, token });
  return facts(await client.GET("/v1/storefront/{domain}", { params: { path: { domain } } }));
}

async function read_my_account({ api, token }: Arguments): Promise<Facts> {
  return facts(await createClient({ baseUrl: api, token }).GET("/v1/me"));
}

async function create_an_invalid_product({ api, token, catalog }: Arguments): Promise<Facts> {
  const params = { path: { catalog_id: catalog } };
  const body = { sku: "A-3", name: "Lamp", price: "9.999" };
  return facts(await createClient({ baseUrl: api, token }).POST("/v1/catalogs/{catalog_id}/products", { params, body }));
}

/** Change a product with an ETag. If the ETag is old, change it again with the current one. */
async function change_a_product({ api, token, product, etag }: Arguments): Promise<Facts> {
  const client = createClient({ baseUrl: api, token });
  const change = (match: string) =>
    client.PATCH("/v1/products/{product_id}", {
      params: { path: { product_id: product }, header: { "if-match": match } },
      body: { price: "13.00", description: null },
    });
  const refused = await change(etag);
  const changed = expected(await change(refused.response.headers.get("etag") ?? ""));
  return { ...facts(refused), price: changed.price, description: changed.description };
}

/** Read a product twice, and deactivate it. The second read and the deactivation have no body. */
async function read_and_deactivate_a_product({ api, token, product }: Arguments): Promise<Facts> {
  const client = createClient({ baseUrl: api, token });
  const path = { product_id: product };
  const read = (header: { "If-None-Match"?: string }) =>
    client.GET("/v1/products/{product_id}", { params: { path, header } });
  const etag = (await read({})).response.headers.get("etag") ?? "";
  const unchanged = await read({ "If-None-Match": etag });
  const params = { path, header: { "if-match": etag } };
  const deactivated = await client.DELETE("/v1/products/{product_id}", { params });
  return {
    statuses: [unchanged.response.status, deactivated.response.status],
    bodies: [unchanged.data ?? unchanged.error ?? null, deactivated.data ?? deactivated.error ?? null],
  };
}

function expected<Data>({ data, error }: Result<Data>): Data {
  if (data === undefined) {
    throw new Error(JSON.stringify(error));
  }
  return data;
}

/** Return the status and the fields of an error. The types of all errors are known. */
function facts({ error, response }: Result<unknown>): Facts {
  const retryAfter = response.headers.get("retry-after");
  const common = {
    status: response.status,
    ...(retryAfter === null ? {} : { retry_after: Number(retryAfter) }),
  };
  if (error === undefined) {
    return { ...common, type: "NoneType" };
  }
  if ("code" in error) {
    const code: ProblemCode | string = error.code;
    return { ...common, type: "Problem", code, pointers: (error.errors ?? []).map((each) => each.pointer) };
  }
  const message: string = error.message;
  return { ...common, type: "GatewayMessage", message };
}

const scenarios: Record<string, (given: Arguments) => Promise<Facts>> = {
  list_all_catalogs,
  search_a_shop,
  import_rows,
  upload_a_file,
  read_the_shop_of_a_customer,
  read_my_account,
  create_an_invalid_product,
  change_a_product,
  read_and_deactivate_a_product,
};

const [name = "", given = "{}"] = process.argv.slice(2);
const scenario = scenarios[name];
if (scenario === undefined) {
  throw new Error(`unknown scenario: ${name}`);
}
console.log(JSON.stringify(await scenario(JSON.parse(given))));
