// All that the page asks of the simulator.
import { find } from "./dom.js";

async function ask(path, options = {}) {
  const answer = await fetch(path, { signal: AbortSignal.timeout(15_000), ...options });
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(told.error?.error_data?.details ?? told.error?.message ?? `HTTP ${answer.status}`);
  return told;
}

const person = (phone) => `/_sim/borrowers/${encodeURIComponent(phone)}`;
const post = (path, body) => ask(path, { method: "POST", body: JSON.stringify(body) });

export const get = (path, query = {}) => ask(`${path}?${new URLSearchParams(query)}`);
export const say = (phone, saying) => post(`${person(phone)}/say`, saying);
export const addFault = (fault) => post("/_sim/faults", fault);
export const clearFaults = () => ask("/_sim/faults", { method: "DELETE" });

export function sendFile(phone, file, caption) {
  const query = caption ? `?${new URLSearchParams({ caption })}` : "";
  const options = { method: "POST", body: file, headers: { "Content-Type": file.type } };
  return ask(`${person(phone)}/file${query}`, options);
}

let hiding;

/** Shows what went wrong for a while. */
export function complain(fault) {
  const toast = find("toast");
  toast.textContent = fault.message;
  toast.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => (toast.hidden = true), 6000);
}
