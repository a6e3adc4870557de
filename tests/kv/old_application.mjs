// Calls the store as the key-value modules of the old applications do, with their client, supabase-js 2.49.8.
// Prints the results as JSON. Arguments: the URL of the API, the key, the prefix of all keys.
import { createClient } from "@supabase/supabase-js";

const [url, apiKey, prefix] = process.argv.slice(2);
const client = createClient(url, apiKey, { auth: { persistSession: false } });
const table = () => client.from("kv_store_6fcaeea3");
const k = (name) => `${prefix}${name}`;

async function attempt(call) {
  const { data, error, status, count } = await call;
  return { data, error: error && { code: error.code, message: error.message }, status, count };
}

const results = {
  set: await attempt(table().upsert({ key: k("a"), value: { name: "Mug", tags: ["x"] } })),
  setAgain: await attempt(table().upsert({ key: k("a"), value: { name: "Cup" } })),
  get: await attempt(table().select("value").eq("key", k("a")).maybeSingle()),
  getMissing: await attempt(table().select("value").eq("key", k("none")).maybeSingle()),
  getSingleMissing: await attempt(table().select("value").eq("key", k("none")).single()),
  mset: await attempt(table().upsert([{ key: k("b"), value: 2 }, { key: k("c,d"), value: "three" }, { key: k('"e"'), value: null ?? 0 }])),
  msetTwice: await attempt(table().upsert([{ key: k("z"), value: 1 }, { key: k("z"), value: 2 }])),
  msetNothing: await attempt(table().upsert([])),
  setUndefined: await attempt(table().upsert({ key: k("u"), value: undefined })),
  setNull: await attempt(table().upsert({ key: k("u"), value: null })),
  mget: await attempt(table().select("value").in("key", [k("a"), k("b"), k("none"), k("c,d"), k('"e"')])),
  byPrefix: await attempt(table().select("key, value").like("key", `${prefix}%`).limit(1000)),
  count: await attempt(table().select("*", { count: "exact", head: true }).like("key", `${prefix}%`)),
  del: await attempt(table().delete().eq("key", k("a"))),
  mdel: await attempt(table().delete().in("key", [k("b"), k("none")])),
  delPrefix: await attempt(table().delete().like("key", `${prefix}%`)),
  update: await attempt(table().update({ value: 1 }).eq("key", k("a"))),
  left: await attempt(table().select("key").like("key", `${prefix}%`)),
  wrongKey: await attempt(createClient(url, "wrong", { auth: { persistSession: false } }).from("kv_store_6fcaeea3").select("value")),
};
console.log(JSON.stringify(results));
