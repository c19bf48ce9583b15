// Elements made from text alone: nothing that people write is ever parsed as HTML.

export const find = (id) => document.getElementById(id);

/** An element with properties (`class`, `on…` and `data-`/`aria-` attributes among them) and children. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") element.className = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";
const PATHS = {
  one: ["M2 8.5 5.5 12 13 4"],
  two: ["M1 8.5 4.5 12 12 4", "M8 11 9 12 16.5 4"],
  clock: ["M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2Z", "M8 5v3.2l2.2 1.6"],
};
const TICKS = {
  accepted: ["clock", "accepted"],
  sent: ["one", "sent"],
  delivered: ["two", "delivered"],
  read: ["two", "read"],
};

/** The ticks of a message's status; an exclamation mark with the code where it failed. */
export function ticks(status, code) {
  if (status === "failed") {
    const label = code ? `failed: ${code}` : "failed";
    return make("span", { class: "ticks failed", role: "img", "aria-label": label, title: label }, "!");
  }
  const [shape, label] = TICKS[status] ?? [null, status];
  if (!shape) return make("span", { class: "ticks" }, label);
  const svg = document.createElementNS(SVG, "svg");
  const attributes = { viewBox: "0 0 18 16", role: "img", "aria-label": label, class: `ticks ${status}` };
  for (const [name, value] of Object.entries(attributes)) svg.setAttribute(name, value);
  for (const d of PATHS[shape]) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}

const COLOURS = 8;

/** Fills an avatar with initials, and a colour that follows from the number. */
export function dress(avatar, person) {
  const initials = person.name.split(/\s+/).slice(0, 2).map((word) => [...word][0] ?? "");
  const sum = [...person.phone].reduce((total, digit) => total + digit.codePointAt(0), 0);
  avatar.textContent = initials.join("").toUpperCase();
  avatar.dataset.colour = sum % COLOURS;
  return avatar;
}

/** "Today", "Yesterday" or the date, for days written as 2026-11-22. */
export function dayName(day, today) {
  const days = (Date.parse(today) - Date.parse(day)) / 86_400_000;
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  const written = { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" };
  return new Intl.DateTimeFormat("en-GB", written).format(Date.parse(day));
}

export function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
