// The two other tabs: what was refused, and what goes wrong on purpose.
import { addFault, clearFaults, complain, get } from "./api.js";
import { find, make } from "./dom.js";

const moment = (at) => at.slice(0, 19).replace("T", " ");

/** Fills a table; on a narrow screen each cell stands under the name of its column. */
function fill(table, rows) {
  const columns = [...find(table).tHead.rows[0].cells].map((cell) => cell.textContent);
  const cell = (text, column) => make("td", { "data-column": columns[column] }, String(text ?? ""));
  const made = rows.map(({ texts, over }) => make("tr", { class: over && "over" }, ...texts.map(cell)));
  find(table).tBodies[0].replaceChildren(...made);
  find(table).hidden = rows.length === 0;
}

let known = "";

export async function showRefused(epoch, total) {
  if (known === `${epoch} ${total}`) return;
  const { counts, rows } = await get("/_page/refused");
  known = `${epoch} ${total}`;
  const codes = counts.map(([code, count]) => make("li", {}, make("b", {}, String(code)), ` × ${count}`));
  find("refused-codes").replaceChildren(...codes);
  fill("refused-rows", rows.map((row) => ({ texts: [moment(row.at), row.to, row.code, row.message, row.details] })));
  const more = rows.length < total ? `The newest ${rows.length} of ${total}.` : "";
  find("refused-note").textContent = total ? more : "Nothing was refused.";
}

export async function showFaults() {
  const [{ kinds, codes, faults }, counters] = await Promise.all([get("/_page/faults"), get("/_sim/counters")]);
  const kind = find("fault").elements.kind;
  if (!kind.options.length) {
    kind.replaceChildren(...kinds.map((name) => make("option", {}, name)));
    find("codes").replaceChildren(...codes.map(([code, title]) => make("option", { value: code }, title)));
  }
  fill("fault-rows", faults.map(faultRow));
  find("clear").hidden = faults.length === 0;
  find("no-faults").hidden = faults.length > 0;
  const facts = flat(counters).flatMap(([name, count]) => [make("dt", {}, name), make("dd", {}, String(count))]);
  find("counters").replaceChildren(...facts);
}

function faultRow({ kind, code, rate, to, seconds, fired, left }) {
  return { texts: [kind, code || "", rate, to || "everybody", seconds || "", fired, left ?? "always"], over: left === 0 };
}

/** Counters by name, those of a table by both names; days of single people are left to /_sim/counters. */
function flat(counters) {
  return Object.entries(counters)
    .filter(([name]) => name !== "accepted_by_borrower_and_day")
    .flatMap(([name, value]) => {
      const title = name.replaceAll("_", " ");
      if (typeof value !== "object" || value === null) return [[title, value]];
      return Object.entries(value).map(([part, count]) => [`${title}: ${part}`, count]);
    });
}

find("fault").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { kind, code, rate, count, seconds, to } = Object.fromEntries(new FormData(event.target));
  const fault = { kind, rate: Number(rate) };
  if (code) fault.code = Number(code);
  if (seconds) fault.seconds = Number(seconds);
  if (count) fault.count = Number(count);
  if (to.trim()) fault.to = to;
  await change(() => addFault(fault));
});
find("clear").addEventListener("click", () => change(clearFaults));

async function change(work) {
  try {
    await work();
    await showFaults();
  } catch (fault) {
    complain(fault);
  }
}
