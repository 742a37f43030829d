// Requests to our server, and the arrays in its answers. The token comes with the link that the terminal printed; it is taken
// out of the address, and kept for this address alone, so that links of reports open as well.

const KINDS = { f4: Float32Array, i2: Int16Array, u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, i4: Int32Array };
const KEPT = "scanpick token";

const given = new URLSearchParams(location.hash.slice(1));
if (given.has("token")) {
  localStorage.setItem(KEPT, given.get("token"));
  given.delete("token");
  history.replaceState(null, "", `${location.pathname}#${given}`);
}
const token = localStorage.getItem(KEPT) || "";

export class Refused extends Error {
  constructor(message, status, state) {
    super(message);
    this.status = status;
    this.state = state;
  }
}

async function ask(path, query, options = {}) {
  const names = new URLSearchParams();
  for (const [name, value] of Object.entries(query || {}))
    for (const one of Array.isArray(value) ? value : [value]) if (one !== null && one !== undefined) names.append(name, one);
  let answer;
  try {
    answer = await fetch(`api/${path}?${names}`, {
      ...options,
      headers: { "X-Scanpick-Token": token, ...(options.body ? { "Content-Type": "application/json" } : {}) },
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused("The server does not answer. Does scanpick view still run?", 0);
  }
  if (!answer.ok) {
    const told = await answer.json().catch(() => ({}));
    throw new Refused(told.error || answer.statusText, answer.status, told.state);
  }
  return answer;
}

export const getJson = async (path, query, options) => (await ask(path, query, options)).json();
export const getBlob = async (path, query, options) => (await ask(path, query, options)).blob();
export const getPacked = async (path, query, options) => unpack(await (await ask(path, query, options)).arrayBuffer());
const posted = (body) => ({ method: "POST", body: JSON.stringify(body) });
export const postJson = async (path, body) => (await ask(path, {}, posted(body))).json();
export const postPacked = async (path, body) => unpack(await (await ask(path, {}, posted(body))).arrayBuffer());

export function unpack(buffer, start = 0) {
  const size = new DataView(buffer, start).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, start + 4, size)));
  const arrays = {};
  for (const [name, [kind, offset, length]] of Object.entries(header.arrays))
    arrays[name] = new KINDS[kind](buffer, start + 4 + size + offset, length);
  return { header, ...arrays };
}
